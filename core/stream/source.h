// SPDX-License-Identifier: Apache-2.0
// Source: keeps one stream coming from its camera, whoever watches. It makes attempts (Pull) on its
// URLs, waits longer after each failure, and on demand runs only while it is wanted. Lives on a
// worker's loop; owned by that loop's SourceTable.
//
// A cycle goes through the URLs in order of preference, the next one at once when one fails. The
// pause comes after the last; a stream that stopped begins a new cycle, so that the first choice
// has another chance whenever viewers see a break anyway. While a later choice plays it is left
// alone.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "loop/timer.h"
#include "stream/connect_gate.h"
#include "stream/pull.h"
#include "stream/source_entry.h"
#include "stream/source_metrics.h"

namespace sluice::stream {

// What a source needs of its surroundings; all borrowed.
struct SourceContext {
  loop::Loop &loop;
  PullFactory &pulls;
  ConnectGate &gate;
  SourceMetrics &metrics;
  std::minstd_rand &random;
};

class SourceTable;

class Source final : public PullEvents {
 public:
  Source(SourceTable &table, const SourceContext &context, std::string name, std::uint64_t serial,
         SourceSpec spec);
  ~Source();  // stops the attempt
  Source(const Source &) = delete;
  Source &operator=(const Source &) = delete;

  void start();
  // The attempt goes on when nothing of it has changed.
  void change(SourceSpec spec);
  // Whether anybody watches or waits, on any loop.
  void set_wanted(bool wanted);
  // The site has room for the attempt that asked under that number.
  void enter(std::uint64_t ask, ConnectGate::Permit permit);

  [[nodiscard]] const std::string &name() const { return name_; }
  [[nodiscard]] std::uint64_t serial() const { return serial_; }
  [[nodiscard]] SourceStatus status() const;
  [[nodiscard]] bool has_facts() const { return pull_ != nullptr; }

 private:
  enum class Stage : std::uint8_t { Idle, Queued, Connecting, Playing, Waiting };

  // PullEvents
  void on_playing() override;
  void on_pull_end(const PullEnd &end) override;

  [[nodiscard]] bool should_run() const;
  void set_stage(Stage stage);
  void resume();
  void begin_cycle();
  void ask_to_connect();
  void on_timer();
  void take_end(const PullEnd &end);
  void wait(const PullEnd &end);
  void become_idle();
  void drop_attempt();
  void log_failure(const PullEnd &end, base::Millis delay);
  void report();

  SourceTable &table_;
  SourceContext context_;
  const std::string name_;
  const std::uint64_t serial_;
  SourceSpec spec_;

  Stage stage_ = Stage::Idle;
  std::int64_t since_wall_us_;
  bool wanted_ = false;
  std::size_t url_index_ = 0;
  std::uint64_t last_ask_ = 0;
  unsigned failures_ = 0;      // cycles in a row
  bool all_permanent_ = true;  // of the cycle under way
  std::optional<base::MonoTime> next_try_at_;
  std::optional<base::MonoTime> stops_at_;
  base::MonoTime playing_since_{};
  std::uint64_t attempts_ = 0;
  std::uint64_t times_played_ = 0;
  std::optional<SourceStatus::Failure> last_failure_;
  std::optional<PullEndReason> logged_reason_;
  base::MonoTime logged_at_{};

  std::optional<PullEnd> ended_;  // told by the pull, which is destroyed a moment later
  loop::Timer timer_;             // what comes next: the end of a pull, or the next attempt
  loop::Timer stop_timer_;        // on demand, and nobody watches any more
  ConnectGate::Permit permit_;
  std::vector<std::unique_ptr<PullMemory>> memory_;  // by URL
  std::unique_ptr<Pull> pull_;                       // uses a slot of memory_
};

}  // namespace sluice::stream
