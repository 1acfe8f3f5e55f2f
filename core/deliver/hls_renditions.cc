// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_renditions.h"

#include <algorithm>
#include <utility>

#include "deliver/hls_query.h"

namespace sluice::deliver {

HlsRenditions::HlsRenditions(const stream::Shelf &shelf, HlsMeasured &measured,
                             stream::Format format, std::string main,
                             std::function<void(const std::string &)> begin)
    : shelf_(shelf),
      measured_(measured),
      format_(format),
      main_(std::move(main)),
      begin_(std::move(begin)) {}

HlsRenditions::Survey HlsRenditions::survey() {
  Survey survey;
  look_at(main_, survey);
  for (const std::string &name : shelf_.config()->renditions(main_))
    look_at(name, survey);
  return survey;
}

// The main stream is what was asked for: it is being waited for anyway, and listed as it is now.
void HlsRenditions::look_at(const std::string &name, Survey &survey) {
  const bool is_main = name == main_;
  const auto entry = shelf_.find(name);
  std::optional<HlsVariant> variant;
  if (auto list = list_of(entry.get())) {
    variant = variant_of(*list);
    if (!is_main) measured_.note(name, format_, {entry->epoch, *variant});
  } else if (!is_main) {
    keep(name);
    variant = remembered(name, entry.get());
  }
  if (variant) {
    variant->uri = uri_of(name);
    survey.variants.push_back(std::move(*variant));
    survey.has_main = survey.has_main || is_main;
    if (!survey.entry) survey.entry = entry;
  } else if (!is_main && may_begin(name, entry.get())) {
    begin_(name);
    survey.is_complete = false;
  }
}

// Of a stream that is being cut, and has enough to be shown.
std::shared_ptr<const stream::SegmentList> HlsRenditions::list_of(
    const stream::StreamEntry *entry) const {
  if (entry == nullptr || !entry->live) return nullptr;
  auto list = entry->segments_in(format_).read();
  const bool has_begun = list->segments.size() >= kLeastSegments;
  return has_begun && !list->ended ? list : nullptr;
}

// Nobody reads it at the moment. What was measured is true of the publisher that still is, and the
// best that is known of a camera that waits for a viewer.
std::optional<HlsVariant> HlsRenditions::remembered(const std::string &name,
                                                    const stream::StreamEntry *entry) const {
  auto last = measured_.find(name, format_);
  if (!last) return std::nullopt;
  if (entry != nullptr && entry->live) {
    return last->epoch == entry->epoch ? std::optional(std::move(last->variant)) : std::nullopt;
  }
  return may_be_pulled(name) ? std::optional(std::move(last->variant)) : std::nullopt;
}

bool HlsRenditions::may_begin(const std::string &name, const stream::StreamEntry *entry) const {
  if (entry != nullptr && entry->live) return !entry->has_nothing_for(format_);
  return may_be_pulled(name);
}

// It has a source, which has not just failed.
bool HlsRenditions::may_be_pulled(const std::string &name) const {
  auto source = shelf_.find_source(name);
  return source && source->state != stream::SourceState::Waiting;
}

void HlsRenditions::keep_others(std::string_view from) {
  const auto &others = shelf_.config()->renditions(main_);
  if (!others.empty() && from != main_) keep(main_);
  for (const std::string &name : others) {
    if (name != from) keep(name);
  }
}

void HlsRenditions::keep(const std::string &name) {
  const auto &config = *shelf_.config();
  const bool on_demand = config.has_source(name) && config.source_settings(name).on_demand;
  const auto entry = shelf_.find(name);
  if (!on_demand && entry && entry->live && !entry->has_nothing_for(format_)) begin_(name);
}

std::vector<RenditionReport> HlsRenditions::reports(std::string_view from) const {
  std::vector<RenditionReport> reports;
  auto report = [&](const std::string &name) {
    const auto list = name == from ? nullptr : list_of(shelf_.find(name).get());
    if (!list) return;
    const bool is_open = list->open && !list->open->parts.empty();
    const auto &newest = is_open ? list->open : list->segments.back();
    const std::string up = from == main_ ? "" : "../../";
    reports.push_back({up + uri_of(name), newest->number, newest->parts.size() - 1});
  };
  const auto &others = shelf_.config()->renditions(main_);
  if (!others.empty()) report(main_);
  std::ranges::for_each(others, report);
  return reports;
}

std::string HlsRenditions::uri_of(const std::string &name) const {
  std::string file = to_string(HlsFile{.kind = HlsFile::Kind::Playlist, .format = format_});
  return name == main_ ? file : name + "/" + file;
}

bool is_any_known(const stream::Shelf &shelf, std::string_view main) {
  if (shelf.find(main)) return true;
  return std::ranges::any_of(shelf.config()->renditions(main),
                             [&](const std::string &name) { return shelf.find(name) != nullptr; });
}

}  // namespace sluice::deliver
