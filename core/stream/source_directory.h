// SPDX-License-Identifier: Apache-2.0
// SourceDirectory: which streams are pulled, on which loop, who wants them and how it goes. It
// follows the configuration, spreads the sources over the loops, and hands every loop's shelf what
// its viewers must know. Lives on the main loop; the post_ functions are for any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/live.h"
#include "loop/loop.h"
#include "stream/connect_gate.h"
#include "stream/source_entry.h"
#include "stream/source_metrics.h"

namespace sluice::stream {

class Directory;
class Shelf;
class SourceTable;

class SourceDirectory {
 public:
  // Borrowed. `streams` is the directory of the same loop.
  SourceDirectory(loop::Loop &main, const config::Live &config, Directory &streams,
                  SourceMetrics &metrics);
  ~SourceDirectory();

  // Before the loops run.
  void add_table(SourceTable &table);
  void add_shelf(Shelf &shelf) { shelves_.push_back(&shelf); }

  // [main] What the configuration says now: sources that are new, gone or different are told to
  // their loops; nothing else is touched.
  void apply();

  // [main] No table and no shelf is told anything from now on. Before the tables are closed.
  void close();

  // A loop has viewers of the name, or has none any more.
  void post_wanted(std::string name, const Shelf &shelf, bool wanted);
  // From a table.
  void post_report(std::uint64_t serial, std::string name, SourceStatus status);

  struct Listed {
    std::string name;
    SourceSpec spec;
    SourceStatus status;
  };
  [[nodiscard]] std::vector<Listed> list() const;  // [main] sorted by name
  [[nodiscard]] std::optional<Listed> find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return records_.size(); }
  // [main] How many sources are in each state, by SourceState.
  [[nodiscard]] std::array<std::size_t, kSourceStates> count_states() const;

  [[nodiscard]] ConnectGate &gate() { return gate_; }
  [[nodiscard]] SourceMetrics &metrics() { return metrics_; }

 private:
  struct Home {
    SourceTable *table;
    std::size_t sources = 0;
  };
  struct Record {
    std::uint64_t serial = 0;
    Home *home = nullptr;
    SourceSpec spec;
    SourceStatus status;
    std::shared_ptr<const SourceEntry> entry;
    std::set<const Shelf *> wanted_by;
  };

  void set(const std::string &name, SourceSpec spec);
  void remove(std::map<std::string, Record, std::less<>>::iterator record);
  void want(const std::string &name, const Shelf &shelf, bool wanted);
  void report(std::uint64_t serial, const std::string &name, SourceStatus status);
  void tell_shelves(const std::string &name, Record &record);
  Home &least_loaded();

  loop::Loop &main_;
  const config::Live &config_;
  Directory &streams_;
  SourceMetrics &metrics_;
  ConnectGate gate_;
  std::vector<std::unique_ptr<Home>> homes_;
  std::vector<Shelf *> shelves_;
  std::map<std::string, Record, std::less<>> records_;
  std::uint64_t last_serial_ = 0;
  bool closed_ = false;
};

}  // namespace sluice::stream
