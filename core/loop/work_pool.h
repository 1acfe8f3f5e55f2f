// SPDX-License-Identifier: Apache-2.0
// WorkPool: a few threads for work that would hold a loop up. Bounded: what finds the queue full is
// refused, and whoever asked says so to its client. Work on live media goes first, though not so
// that other work would never be done. Answers come back to the asker's loop. The threads give way
// to those of the loops, which have viewers to serve.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "loop/loop.h"

namespace sluice::loop {

class WorkPool {
 public:
  struct Options {
    unsigned threads = 1;
    std::size_t max_queued = 64;
    std::size_t max_queued_live = 4'096;  // a stream has one at a time
    int niceness = 10;
  };
  explicit WorkPool(Options options);
  ~WorkPool();  // closes
  WorkPool(const WorkPool &) = delete;
  WorkPool &operator=(const WorkPool &) = delete;

  enum class Outcome { Done, Dropped };  // Dropped: the pool was closed before the work began
  enum class Urgency : std::uint8_t { Usual, Live };
  using Answer = std::move_only_function<void(Outcome)>;

  // [any thread] Runs the work on a thread of the pool, then the answer on the loop, which must
  // live until the pool is closed. False when the queue is full or the pool closed: neither runs.
  // What work has made reaches the answer by what both captured.
  [[nodiscard]] bool submit(Loop &loop, Task work, Answer answer, Urgency urgency = Urgency::Usual);

  // Waits for the work under way and drops what is queued, which is answered so. No loop may wait
  // for an answer while it calls this.
  void close();

  // Half of the processors, at least one and at most four: the others are the loops'.
  [[nodiscard]] static unsigned threads_for(unsigned processors);

 private:
  struct Item {
    Loop *loop;
    Task work;
    Answer answer;
  };
  void run(int niceness);
  [[nodiscard]] Item take_next();
  static void tell(Item item, Outcome outcome);

  std::size_t max_queued_;
  std::size_t max_queued_live_;
  // Protects what follows but the threads. Held for a push or a pop only.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> usual_;
  std::deque<Item> live_;
  unsigned live_in_a_row_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::loop
