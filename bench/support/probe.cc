// SPDX-License-Identifier: Apache-2.0
// The probe's thread.
#include "support/probe.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "support/clock.h"

namespace sluice::bench {
namespace {

// Ahead of the thread that drains the crowd on the same core: else its work would be measured as
// latency.
constexpr int kProbePriority = -10;
constexpr std::size_t kReadSize = 1 << 20;

}  // namespace

void Probe::start(const std::atomic<Phase> &phase) {
  thread_ = std::thread([this, &phase] { run(phase); });
}

ProbeResult Probe::finish() {
  thread_.join();
  return std::move(result_);
}

void Probe::run(const std::atomic<Phase> &phase) {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kProbePriority);
  int fd = connect_blocking(endpoint_);
  if (fd < 0) return;
  timeval tick{.tv_sec = 0, .tv_usec = 100'000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
  auto request_size = static_cast<ssize_t>(request_.size());
  result_.alive = send(fd, request_.data(), request_.size(), MSG_NOSIGNAL) == request_size;
  std::vector<std::byte> memory(kReadSize);
  while (result_.alive && phase.load() != Phase::End) {
    ssize_t n = recv(fd, memory.data(), memory.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    arrived_ns_ = mono_ns();
    in_window_ = phase.load() == Phase::Window;
    auto size = static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    if (in_window_) result_.reads++, result_.bytes += size;
    result_.alive = n > 0 && stream_.feed(base::Bytes(memory).first(size));
  }
  close(fd);
}

void Probe::on_frame(const SeenFrame &frame) {
  std::uint64_t &last_time = last_time_[frame.video ? 1 : 0];
  if (frame.time < last_time) result_.steps_back++;
  last_time = frame.time;
  const auto &stamp = frame.stamp;
  if (!stamp) return;
  double age = to_ms(arrived_ns_ - stamp->sent_ns);
  if (!seen_frame_) result_.join_age_ms = age;
  if (seen_frame_ && stamp->number > next_number_) result_.missing += stamp->number - next_number_;
  if (seen_frame_ && stamp->number < next_number_) result_.repeated++;
  seen_frame_ = true;
  next_number_ = stamp->number + 1;
  if (!in_window_) return;
  result_.frames++;
  result_.latency_ms.add(age);
}

}  // namespace sluice::bench
