// SPDX-License-Identifier: Apache-2.0
// The crowd's event loop.
#include "support/crowd.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.h"
#include "support/clock.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kReadSize = 1 << 20;
constexpr std::size_t kDrainSize = 1 << 30;
constexpr int kStartsPerPass = 64;
constexpr int kEventsPerPass = 4096;

}  // namespace

Crowd::Crowd(CrowdOptions options)
    : options_(std::move(options)),
      viewers_(static_cast<std::size_t>(options_.count)),
      memory_(kReadSize) {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  SLUICE_CHECK(epoll_ >= 0);
  begin_ns_ = mono_ns();
}

Crowd::~Crowd() {
  for (Viewer &viewer : viewers_)
    if (viewer.fd >= 0) close(viewer.fd);
  close(epoll_);
}

void Crowd::pass() {
  start_due();
  std::array<epoll_event, kEventsPerPass> events;
  int n = epoll_wait(epoll_, events.data(), kEventsPerPass, all_started() ? 20 : 1);
  std::int64_t begin = now_ns_ = mono_ns();
  for (int i = 0; i < n; i++) {
    on_event(*static_cast<Viewer *>(events[static_cast<std::size_t>(i)].data.ptr));
    if (i % 64 == 63) now_ns_ = mono_ns();
  }
  longest_pass_ns_ = std::max(longest_pass_ns_, mono_ns() - begin);
}

void Crowd::start_due() {
  if (all_started()) return;
  double elapsed_s = static_cast<double>(mono_ns() - begin_ns_) / 1e9;
  double due = elapsed_s * options_.connects_per_s + 1;
  for (int i = 0; i < kStartsPerPass && !all_started() && started_ < due; i++)
    start(viewers_[static_cast<std::size_t>(started_++)]);
}

void Crowd::start(Viewer &viewer) {
  viewer.connect_ns = viewer.last_ns = mono_ns();
  viewer.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (viewer.fd < 0) return end(viewer, result_.failed);
  int one = 1;
  setsockopt(viewer.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const auto *address = reinterpret_cast<const sockaddr *>(&options_.endpoint.address);
  if (connect(viewer.fd, address, sizeof options_.endpoint.address) && errno != EINPROGRESS)
    return end(viewer, result_.failed);
  viewer.state = State::Connecting;
  epoll_event event{.events = EPOLLOUT, .data = {.ptr = &viewer}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, viewer.fd, &event)) end(viewer, result_.failed);
}

void Crowd::end(Viewer &viewer, int &counter) {
  counter++;
  viewer.state = State::Ended;
  viewer.stream.reset();
  if (viewer.fd >= 0) close(viewer.fd);
  viewer.fd = -1;
}

void Crowd::on_connected(Viewer &viewer) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(viewer.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) return end(viewer, result_.failed);
  result_.established++;
  epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.ptr = &viewer}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, viewer.fd, &event);
  const std::string &request = options_.request;
  auto sent = send(viewer.fd, request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return end(viewer, result_.failed);
  viewer.state = State::Joining;
  FrameSink &sink = *this;
  viewer.stream = std::make_unique<ViewerStream>(sink, container_of(options_.endpoint.path),
                                                 options_.websocket);
}

void Crowd::on_event(Viewer &viewer) {
  if (viewer.fd < 0) return;
  if (viewer.state == State::Connecting) return on_connected(viewer);
  bool drain = viewer.state == State::Draining;
  ssize_t n = drain ? recv(viewer.fd, nullptr, kDrainSize, MSG_TRUNC)
                    : recv(viewer.fd, memory_.data(), memory_.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return end(viewer, viewer.first_byte ? result_.dropped : result_.failed);
  result_.window_reads++;
  note_arrival(viewer);
  viewer.bytes += static_cast<std::size_t>(n);
  if (!drain) on_joining_bytes(viewer, static_cast<std::size_t>(n));
}

void Crowd::note_arrival(Viewer &viewer) {
  std::int64_t gap = now_ns_ - viewer.last_ns;
  viewer.last_ns = now_ns_;
  if (!viewer.first_byte) return;
  viewer.longest_gap_ns = std::max(viewer.longest_gap_ns, gap);
  if (gap > options_.stall_ns) viewer.stalls++;
}

void Crowd::on_joining_bytes(Viewer &viewer, std::size_t size) {
  key_seen_ = false;
  ViewerStream &stream = *viewer.stream;
  bool sound = stream.feed(base::Bytes(memory_).first(size));
  if (!viewer.first_byte && stream.body_begun()) {
    viewer.first_byte = true;
    result_.first_byte_ms.add(to_ms(mono_ns() - viewer.connect_ns));
  }
  if (key_seen_) result_.key_frame_ms.add(to_ms(mono_ns() - viewer.connect_ns));
  bool drain_raw = options_.raw && stream.body_begun();
  if (key_seen_ || drain_raw) {
    viewer.state = State::Draining;
    viewer.stream.reset();
  } else if (!sound) {
    end(viewer, result_.refused);
  }
}

void Crowd::begin_window() {
  for (Viewer &viewer : viewers_) {
    viewer.bytes = 0;
    viewer.stalls = 0;
    viewer.longest_gap_ns = 0;
  }
  result_.window_reads = 0;
  longest_pass_ns_ = 0;
}

CrowdResult Crowd::finish() {
  std::vector<std::uint64_t> bytes;
  std::int64_t now = mono_ns();
  for (Viewer &viewer : viewers_) {
    now_ns_ = now;
    bool live = viewer.state == State::Joining || viewer.state == State::Draining;
    if (live) note_arrival(viewer);  // the gap that is still open counts too
    bytes.push_back(viewer.bytes);
    result_.window_bytes += viewer.bytes;
    result_.stalls += viewer.stalls;
    result_.stalled_viewers += viewer.stalls > 0;
    result_.without_data += !viewer.first_byte;
    result_.alive += live;
    result_.longest_gap_ms = std::max(result_.longest_gap_ms, to_ms(viewer.longest_gap_ns));
  }
  std::ranges::sort(bytes);
  if (!bytes.empty()) {
    result_.viewer_bytes_min = bytes.front();
    result_.viewer_bytes_p50 = bytes[bytes.size() / 2];
    result_.viewer_bytes_max = bytes.back();
  }
  result_.longest_pass_ms = to_ms(longest_pass_ns_);
  return std::move(result_);
}

}  // namespace sluice::bench
