// SPDX-License-Identifier: Apache-2.0
#include "stream/source_directory.h"

#include <algorithm>
#include <array>
#include <utility>

#include "stream/directory.h"
#include "stream/shelf.h"
#include "stream/source_table.h"

namespace sluice::stream {

const char *word(SourceState state) {
  constexpr std::array<const char *, kSourceStates> kWords{"idle", "connecting", "playing",
                                                           "waiting"};
  return kWords[static_cast<std::size_t>(state)];
}

SourceDirectory::SourceDirectory(loop::Loop &main, const config::Live &config, Directory &streams,
                                 SourceMetrics &metrics)
    : main_(main), config_(config), streams_(streams), metrics_(metrics), gate_(main, config) {}

SourceDirectory::~SourceDirectory() = default;

void SourceDirectory::add_table(SourceTable &table) {
  homes_.push_back(std::make_unique<Home>(Home{&table}));
}

void SourceDirectory::apply() {
  if (closed_) return;
  for (auto it = records_.begin(); it != records_.end();) {
    auto record = it++;
    if (!config_->has_source(record->first)) remove(record);
  }
  for (const auto &[name, overrides] : config_->streams) {
    if (overrides.source.empty()) continue;
    set(name, {overrides.source, config_->source_settings(name)});
  }
}

void SourceDirectory::set(const std::string &name, SourceSpec spec) {
  auto [found, is_new] = records_.try_emplace(name);
  Record &record = found->second;
  if (!is_new && record.spec == spec) return;
  record.spec = std::move(spec);
  if (is_new) {
    record.serial = ++last_serial_;
    record.home = &least_loaded();
    ++record.home->sources;
    record.status.since_wall_us = base::wall_us();
  }
  record.home->table->post_set(record.serial, name, record.spec);
  tell_shelves(name, record);
}

void SourceDirectory::remove(std::map<std::string, Record, std::less<>>::iterator record) {
  const std::string name = record->first;
  record->second.home->table->post_remove(record->second.serial);
  --record->second.home->sources;
  records_.erase(record);
  for (Shelf *shelf : shelves_)
    shelf->post_source(name, nullptr);
  streams_.source_removed(name);
}

SourceDirectory::Home &SourceDirectory::least_loaded() {
  return **std::ranges::min_element(homes_, {}, [](const auto &home) { return home->sources; });
}

void SourceDirectory::close() {
  closed_ = true;
  gate_.close();
  records_.clear();
  shelves_.clear();
}

void SourceDirectory::post_wanted(std::string name, const Shelf &shelf, bool wanted) {
  main_.tell([this, name = std::move(name), &shelf, wanted] { want(name, shelf, wanted); });
}

void SourceDirectory::want(const std::string &name, const Shelf &shelf, bool wanted) {
  auto found = records_.find(name);
  if (found == records_.end()) return;
  Record &record = found->second;
  bool was_wanted = !record.wanted_by.empty();
  if (wanted) {
    record.wanted_by.insert(&shelf);
  } else {
    record.wanted_by.erase(&shelf);
  }
  bool is_wanted = !record.wanted_by.empty();
  if (is_wanted != was_wanted) record.home->table->post_wanted(record.serial, is_wanted);
}

void SourceDirectory::post_report(std::uint64_t serial, std::string name, SourceStatus status) {
  main_.tell([this, serial, name = std::move(name), status = std::move(status)]() mutable {
    report(serial, name, std::move(status));
  });
}

void SourceDirectory::report(std::uint64_t serial, const std::string &name, SourceStatus status) {
  auto found = records_.find(name);
  if (found == records_.end() || found->second.serial != serial) return;
  found->second.status = std::move(status);
  tell_shelves(name, found->second);
}

// Only what viewers must know is told, and only when it changes.
void SourceDirectory::tell_shelves(const std::string &name, Record &record) {
  const SourceStatus &status = record.status;
  auto timeout = record.spec.settings.start_timeout;
  if (record.entry && record.entry->state == status.state &&
      record.entry->next_try_at == status.next_try_at && record.entry->start_timeout == timeout) {
    return;
  }
  record.entry = std::make_shared<const SourceEntry>(
      SourceEntry{name, status.state, status.next_try_at, timeout});
  for (Shelf *shelf : shelves_)
    shelf->post_source(name, record.entry);
}

std::vector<SourceDirectory::Listed> SourceDirectory::list() const {
  std::vector<Listed> listed;
  listed.reserve(records_.size());
  for (const auto &[name, record] : records_)
    listed.push_back({name, record.spec, record.status});
  return listed;
}

std::optional<SourceDirectory::Listed> SourceDirectory::find(std::string_view name) const {
  auto found = records_.find(name);
  if (found == records_.end()) return std::nullopt;
  return Listed{found->first, found->second.spec, found->second.status};
}

std::array<std::size_t, kSourceStates> SourceDirectory::count_states() const {
  std::array<std::size_t, kSourceStates> counts{};
  for (const auto &[name, record] : records_)
    ++counts[static_cast<std::size_t>(record.status.state)];
  return counts;
}

}  // namespace sluice::stream
