// SPDX-License-Identifier: Apache-2.0
#include "loop/work_pool.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sluice::loop {

WorkPool::WorkPool(Options options) : max_queued_(options.max_queued) {
  for (unsigned i = 0; i < std::max(options.threads, 1U); ++i)
    threads_.emplace_back([this, niceness = options.niceness] { run(niceness); });
}

WorkPool::~WorkPool() { close(); }

unsigned WorkPool::threads_for(unsigned processors) { return std::clamp(processors / 2, 1U, 4U); }

bool WorkPool::submit(Loop &loop, Task work, Answer answer) {
  {
    std::lock_guard lock(mutex_);
    if (closed_ || queue_.size() >= max_queued_) return false;
    queue_.push_back({&loop, std::move(work), std::move(answer)});
  }
  wake_.notify_one();
  return true;
}

void WorkPool::close() {
  std::deque<Item> dropped;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_all();
  for (Item &item : dropped)
    tell(std::move(item), Outcome::Dropped);
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
    wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    if (closed_) return;
    Item item = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    item.work();
    item.work = nullptr;  // what it holds goes before the answer is told
    tell(std::move(item), Outcome::Done);
    lock.lock();
  }
}

void WorkPool::tell(Item item, Outcome outcome) {
  item.loop->tell([answer = std::move(item.answer), outcome]() mutable { answer(outcome); });
}

}  // namespace sluice::loop
