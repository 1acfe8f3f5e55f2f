// SPDX-License-Identifier: Apache-2.0
// SourceTable: the sources whose home one loop is. The directory of sources, on the main loop, says
// what is to be pulled here and whether it is wanted; the table reports how it goes. Lives on its
// loop; the post_ functions are for the main loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>

#include "loop/timer.h"
#include "stream/source.h"

namespace sluice::stream {

class SourceDirectory;

class SourceTable {
 public:
  // All borrowed.
  SourceTable(loop::Loop &loop, PullFactory &pulls, SourceDirectory &directory);
  ~SourceTable();
  SourceTable(const SourceTable &) = delete;
  SourceTable &operator=(const SourceTable &) = delete;

  // A serial stands for one source from the day it is set until it is removed.
  void post_set(std::uint64_t serial, std::string name, SourceSpec spec);
  void post_remove(std::uint64_t serial);
  void post_wanted(std::uint64_t serial, bool wanted);

  // [loop] Stops every source. Before that the directory must have been closed.
  void close();

  // For the sources [loop]
  void ask_to_connect(const Source &source, std::string site, std::uint64_t ask);
  void report(const Source &source);

  [[nodiscard]] std::size_t size() const { return sources_.size(); }
  [[nodiscard]] loop::Loop &loop() const { return loop_; }

 private:
  void set(std::uint64_t serial, std::string name, SourceSpec spec);
  void enter(std::uint64_t serial, std::uint64_t ask, ConnectGate::Permit permit);
  void report_facts();
  Source *find(std::uint64_t serial);

  loop::Loop &loop_;
  PullFactory &pulls_;
  SourceDirectory &directory_;
  std::minstd_rand random_;
  loop::Timer facts_timer_;  // counters change without an event
  std::unordered_map<std::uint64_t, std::unique_ptr<Source>> sources_;  // by serial
};

}  // namespace sluice::stream
