// SPDX-License-Identifier: Apache-2.0
#include "stream/source_table.h"

#include <utility>

#include "stream/source_directory.h"

namespace sluice::stream {
namespace {

constexpr base::Millis kFactsPeriod{2'000};

}  // namespace

SourceTable::SourceTable(loop::Loop &loop, PullFactory &pulls, SourceDirectory &directory)
    : loop_(loop),
      pulls_(pulls),
      directory_(directory),
      random_(std::random_device{}()),
      facts_timer_(loop, [this] { report_facts(); }) {}

SourceTable::~SourceTable() = default;

void SourceTable::post_set(std::uint64_t serial, std::string name, SourceSpec spec) {
  loop_.tell([this, serial, name = std::move(name), spec = std::move(spec)]() mutable {
    set(serial, std::move(name), std::move(spec));
  });
}

void SourceTable::post_remove(std::uint64_t serial) {
  loop_.tell([this, serial] { sources_.erase(serial); });
}

void SourceTable::post_wanted(std::uint64_t serial, bool wanted) {
  loop_.tell([this, serial, wanted] {
    if (Source *source = find(serial)) source->set_wanted(wanted);
  });
}

void SourceTable::set(std::uint64_t serial, std::string name, SourceSpec spec) {
  if (Source *source = find(serial)) return source->change(std::move(spec));
  SourceContext context{loop_, pulls_, directory_.gate(), directory_.metrics(), random_};
  auto source = std::make_unique<Source>(*this, context, std::move(name), serial, std::move(spec));
  Source &started = *source;
  sources_.emplace(serial, std::move(source));
  if (!facts_timer_.active()) facts_timer_.start_repeating(kFactsPeriod);
  started.start();
}

void SourceTable::close() {
  facts_timer_.stop();
  sources_.clear();
}

Source *SourceTable::find(std::uint64_t serial) {
  auto found = sources_.find(serial);
  return found == sources_.end() ? nullptr : found->second.get();
}

void SourceTable::ask_to_connect(const Source &source, std::string site, std::uint64_t ask) {
  // The permit is carried as a part of the message, and gives itself back when nobody takes it.
  auto enter = [this, serial = source.serial(), ask](ConnectGate::Permit permit) {
    loop_.tell([this, serial, ask, permit = std::move(permit)]() mutable {
      this->enter(serial, ask, std::move(permit));
    });
  };
  directory_.gate().post_ask(std::move(site), std::move(enter));
}

void SourceTable::enter(std::uint64_t serial, std::uint64_t ask, ConnectGate::Permit permit) {
  if (Source *source = find(serial)) source->enter(ask, std::move(permit));
}

void SourceTable::report(const Source &source) {
  directory_.post_report(source.serial(), source.name(), source.status());
}

void SourceTable::report_facts() {
  for (const auto &[serial, source] : sources_) {
    if (source->has_facts()) report(*source);
  }
  if (sources_.empty()) facts_timer_.stop();
}

}  // namespace sluice::stream
