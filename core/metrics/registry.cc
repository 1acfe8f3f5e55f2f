// SPDX-License-Identifier: Apache-2.0
#include "metrics/registry.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::metrics {
namespace {

bool is_name(std::string_view name) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  auto is_rest = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, is_rest);
}

// A double as the format writes it, for the bound of a bucket.
std::string render_bound(double bound) {
  TextWriter writer;
  writer.line({}, {}, bound);
  return writer.str().substr(1, writer.str().size() - 2);
}

}  // namespace

Counter &Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  return entry<Counter>(family(name, help, Type::Counter), labels,
                        [&] { return std::make_unique<Counter>(shards_); });
}

Gauge &Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  return entry<Gauge>(family(name, help, Type::Gauge), labels,
                      [&] { return std::make_unique<Gauge>(shards_); });
}

Histogram &Registry::histogram(std::string_view name, std::string_view help,
                               std::vector<std::uint64_t> bounds, Labels labels, double divisor) {
  Family &of = family(name, help, Type::Histogram);
  of.divisor = divisor;
  return entry<Histogram>(of, labels,
                          [&] { return std::make_unique<Histogram>(std::move(bounds), shards_); });
}

Registry::Family &Registry::family(std::string_view name, std::string_view help, Type type) {
  auto found = std::ranges::find_if(families_, [&](const auto &f) { return f->name == name; });
  if (found != families_.end()) {
    SLUICE_CHECK((*found)->type == type);
    return **found;
  }
  SLUICE_CHECK(is_name(name));
  families_.push_back(std::make_unique<Family>(
      Family{std::string(name), std::string(help), type, /*divisor=*/1, {}}));
  return *families_.back();
}

template <class Metric, class Make>
Metric &Registry::entry(Family &family, Labels labels, Make make) {
  std::string rendered = render_labels(labels);
  auto found = std::ranges::find(family.entries, rendered, &Entry::labels);
  if (found == family.entries.end()) {
    found = family.entries.insert(found, Entry{std::move(rendered), make()});
  }
  return *std::get<std::unique_ptr<Metric>>(found->metric);
}

void Registry::write(TextWriter &writer) const {
  for (const auto &family : families_) {
    writer.family(family->name, family->type, family->help);
    for (const Entry &entry : family->entries) {
      if (auto *counter = std::get_if<std::unique_ptr<Counter>>(&entry.metric)) {
        writer.line({}, entry.labels, (*counter)->value());
      } else if (auto *gauge = std::get_if<std::unique_ptr<Gauge>>(&entry.metric)) {
        writer.line({}, entry.labels, (*gauge)->value());
      } else {
        write_histogram(writer, *family, entry.labels,
                        *std::get<std::unique_ptr<Histogram>>(entry.metric));
      }
    }
  }
}

void Registry::write_histogram(TextWriter &writer, const Family &family, const std::string &labels,
                               const Histogram &histogram) {
  std::string prefix = labels.empty() ? "" : labels + ",";
  std::uint64_t so_far = 0;
  for (std::size_t bucket = 0; bucket <= histogram.bounds().size(); ++bucket) {
    so_far += histogram.in_bucket(bucket);
    bool last = bucket == histogram.bounds().size();
    std::string bound =
        last ? "+Inf"
             : render_bound(static_cast<double>(histogram.bounds()[bucket]) / family.divisor);
    writer.line("_bucket", prefix + "le=\"" + bound + "\"", so_far);
  }
  writer.line("_sum", labels, static_cast<double>(histogram.sum()) / family.divisor);
  // The cumulated buckets rather than a second count, so that a scrape agrees with itself.
  writer.line("_count", labels, so_far);
}

}  // namespace sluice::metrics
