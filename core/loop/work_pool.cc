// SPDX-License-Identifier: Apache-2.0
#include "loop/work_pool.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sluice::loop {
namespace {

// So often live work goes before other work that waits.
constexpr unsigned kLiveInARow = 16;

}  // namespace

WorkPool::WorkPool(Options options)
    : max_queued_(options.max_queued), max_queued_live_(options.max_queued_live) {
  for (unsigned i = 0; i < std::max(options.threads, 1U); ++i)
    threads_.emplace_back([this, niceness = options.niceness] { run(niceness); });
}

WorkPool::~WorkPool() { close(); }

unsigned WorkPool::threads_for(unsigned processors) { return std::clamp(processors / 2, 1U, 4U); }

bool WorkPool::submit(Loop &loop, Task work, Answer answer, Urgency urgency) {
  {
    std::lock_guard lock(mutex_);
    const bool live = urgency == Urgency::Live;
    auto &queue = live ? live_ : usual_;
    if (closed_ || queue.size() >= (live ? max_queued_live_ : max_queued_)) return false;
    queue.push_back({&loop, std::move(work), std::move(answer)});
  }
  wake_.notify_one();
  return true;
}

void WorkPool::close() {
  std::deque<Item> usual;
  std::deque<Item> live;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    usual.swap(usual_);
    live.swap(live_);
  }
  wake_.notify_all();
  for (auto *dropped : {&usual, &live}) {
    for (Item &item : *dropped)
      tell(std::move(item), Outcome::Dropped);
  }
  for (std::thread &thread : threads_)
    thread.join();
  threads_.clear();
}

void WorkPool::run(int niceness) {
  pthread_setname_np(pthread_self(), "work");
  // Signals are the main thread's.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  // On Linux this is of the thread alone. Whoever may not do it works as eagerly as the others.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return closed_ || !usual_.empty() || !live_.empty(); });
    if (closed_) return;
    Item item = take_next();
    lock.unlock();
    item.work();
    item.work = nullptr;  // what it holds goes before the answer is told
    tell(std::move(item), Outcome::Done);
    lock.lock();
  }
}

WorkPool::Item WorkPool::take_next() {
  const bool live = !live_.empty() && (usual_.empty() || live_in_a_row_ < kLiveInARow);
  live_in_a_row_ = live ? live_in_a_row_ + 1 : 0;
  auto &queue = live ? live_ : usual_;
  Item item = std::move(queue.front());
  queue.pop_front();
  return item;
}

void WorkPool::tell(Item item, Outcome outcome) {
  item.loop->tell([answer = std::move(item.answer), outcome]() mutable { answer(outcome); });
}

}  // namespace sluice::loop
