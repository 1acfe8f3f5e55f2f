// SPDX-License-Identifier: Apache-2.0
// The crowd's event loop.
#include "support/hls_crowd.h"

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

constexpr std::size_t kReadSize = 64 << 10;
constexpr std::uint64_t kDrainSize = 1 << 30;
constexpr int kStartsPerPass = 64;
constexpr int kEventsPerPass = 4096;
constexpr std::int64_t kRetryNs = 500'000'000;

}  // namespace

HlsCrowd::HlsCrowd(HlsCrowdOptions options) : options_(std::move(options)), memory_(kReadSize) {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  SLUICE_CHECK(epoll_ >= 0);
  HlsWatch watch(options_.style, options_.endpoint.path, options_.lap_ns);
  for (int i = 0; i < options_.count; i++)
    viewers_.emplace_back(watch);
  begin_ns_ = mono_ns();
}

HlsCrowd::~HlsCrowd() {
  for (Viewer &viewer : viewers_)
    if (viewer.fd >= 0) close(viewer.fd);
  close(epoll_);
}

void HlsCrowd::pass() {
  start_due();
  std::array<epoll_event, kEventsPerPass> events;
  bool hurry = !all_started() || !pauses_.empty();
  int n = epoll_wait(epoll_, events.data(), kEventsPerPass, hurry ? 1 : 20);
  for (int i = 0; i < n; i++) {
    if (i % 16 == 0) now_ns_ = mono_ns();
    on_event(*static_cast<Viewer *>(events[static_cast<std::size_t>(i)].data.ptr));
  }
  resume_due();
}

void HlsCrowd::start_due() {
  if (all_started()) return;
  double elapsed_s = static_cast<double>(mono_ns() - begin_ns_) / 1e9;
  double due = elapsed_s * options_.connects_per_s + 1;
  for (int i = 0; i < kStartsPerPass && !all_started() && started_ < due; i++)
    start(viewers_[static_cast<std::size_t>(started_++)]);
}

void HlsCrowd::start(Viewer &viewer) {
  viewer.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (viewer.fd < 0) return end(viewer);
  int one = 1;
  setsockopt(viewer.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const auto *address = reinterpret_cast<const sockaddr *>(&options_.endpoint.address);
  if (connect(viewer.fd, address, sizeof options_.endpoint.address) && errno != EINPROGRESS)
    return end(viewer);
  viewer.state = State::Connecting;
  epoll_event event{.events = EPOLLOUT, .data = {.ptr = &viewer}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, viewer.fd, &event)) end(viewer);
}

void HlsCrowd::end(Viewer &viewer) {
  ended_++;
  viewer.state = State::Ended;
  if (viewer.fd >= 0) close(viewer.fd);
  viewer.fd = -1;
}

void HlsCrowd::resume_due() {
  now_ns_ = mono_ns();
  while (!pauses_.empty() && pauses_.begin()->first <= now_ns_) {
    Viewer &viewer = *pauses_.begin()->second;
    pauses_.erase(pauses_.begin());
    if (viewer.state == State::Pausing) send_request(viewer);
  }
}

void HlsCrowd::ask(Viewer &viewer) {
  viewer.request = viewer.watch.next();
  if (viewer.request.pause_ns == 0) return send_request(viewer);
  viewer.state = State::Pausing;
  pauses_.emplace(now_ns_ + viewer.request.pause_ns, &viewer);
}

void HlsCrowd::send_request(Viewer &viewer) {
  std::string text = "GET " + viewer.request.path + " HTTP/1.1\r\nHost: " + options_.endpoint.host +
                     "\r\nUser-Agent: sluice-bench\r\nAccept: */*\r\n\r\n";
  viewer.state = State::Head;
  viewer.head.clear();
  viewer.text.clear();
  viewer.asked_ns = mono_ns();
  ssize_t sent = send(viewer.fd, text.data(), text.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(text.size())) end(viewer);
}

void HlsCrowd::on_event(Viewer &viewer) {
  if (viewer.fd < 0) return;
  if (viewer.state == State::Connecting) {
    epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.ptr = &viewer}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, viewer.fd, &event);
    return ask(viewer);
  }
  bool drain = viewer.state == State::Body && viewer.request.kind == HlsRequest::Kind::Media;
  ssize_t n = drain ? recv(viewer.fd, nullptr, std::min(viewer.left, kDrainSize), MSG_TRUNC)
                    : recv(viewer.fd, memory_.data(), memory_.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return end(viewer);
  auto size = static_cast<std::size_t>(n);
  result_.bytes += size;
  if (drain) {
    viewer.left -= size;
    if (viewer.left == 0) finish_answer(viewer);
  } else if (viewer.state == State::Head) {
    take_head(viewer, base::Bytes(memory_).first(size));
  } else if (viewer.state == State::Body) {
    take_body(viewer, base::Bytes(memory_).first(size));
  } else {
    end(viewer);  // said without being asked
  }
}

void HlsCrowd::take_head(Viewer &viewer, base::Bytes bytes) {
  if (!viewer.head.take(bytes)) return end(viewer);
  if (viewer.head.status() == 0) return;
  auto length = viewer.head.content_length();
  if (!length) return end(viewer);
  viewer.left = *length;
  viewer.state = State::Body;
  take_body(viewer, bytes);
}

void HlsCrowd::take_body(Viewer &viewer, base::Bytes bytes) {
  if (bytes.size() > viewer.left) return end(viewer);
  viewer.left -= bytes.size();
  if (viewer.request.kind == HlsRequest::Kind::Playlist) viewer.text.append(base::as_text(bytes));
  if (viewer.left == 0) finish_answer(viewer);
}

void HlsCrowd::finish_answer(Viewer &viewer) {
  now_ns_ = mono_ns();
  bool ok = viewer.head.status() == 200;
  if (!ok) result_.refused++;
  if (ok && viewer.request.kind == HlsRequest::Kind::Media) {
    result_.media++;
    result_.media_bytes += viewer.head.content_length().value_or(0);
    result_.media_ms.add(to_ms(now_ns_ - viewer.asked_ns));
  } else if (ok) {
    result_.playlists++;
    if (!viewer.watch.on_playlist(viewer.text)) return end(viewer);
    note_change(viewer);
  } else if (viewer.request.kind == HlsRequest::Kind::Playlist) {
    viewer.request.pause_ns = kRetryNs;
    viewer.state = State::Pausing;
    pauses_.emplace(now_ns_ + kRetryNs, &viewer);
    return;
  }
  ask(viewer);
}

// Requests of low latency name the change that they wait for.
void HlsCrowd::note_change(const Viewer &viewer) {
  const std::string &path = viewer.request.path;
  std::size_t query = path.find("?_HLS_msn=");
  if (query == std::string::npos) return;
  auto [seen, is_first] = first_seen_.try_emplace(path.substr(query), now_ns_);
  if (!is_first) result_.behind_ms.add(to_ms(now_ns_ - seen->second));
}

HlsCrowdResult HlsCrowd::finish() {
  result_.ended = ended_;
  result_.alive = started_ - ended_;
  return std::move(result_);
}

}  // namespace sluice::bench
