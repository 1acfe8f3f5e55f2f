// SPDX-License-Identifier: Apache-2.0
// The probe's thread.
#include "support/hls_probe.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "support/clock.h"

namespace sluice::bench {
namespace {

// Ahead of the thread that is the crowd on the same core: else its work would be measured as
// latency.
constexpr int kProbePriority = -10;
constexpr std::size_t kReadSize = 1 << 20;
constexpr std::int64_t kRetryNs = 500'000'000;

}  // namespace

void HlsProbe::start(const std::atomic<Phase> &phase) {
  phase_ = &phase;
  thread_ = std::thread([this] { run(); });
}

HlsProbeResult HlsProbe::finish() {
  thread_.join();
  result_.changes = watch_.changes();
  return std::move(result_);
}

void HlsProbe::run() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kProbePriority);
  memory_.resize(kReadSize);
  fd_ = connect_blocking(endpoint_);
  if (fd_ < 0) return;
  timeval tick{.tv_sec = 0, .tv_usec = 100'000};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
  result_.alive = true;
  while (result_.alive && !over())
    result_.alive = step() || over();
  close(fd_);
}

bool HlsProbe::step() {
  HlsRequest request = watch_.next();
  if (request.pause_ns > 0) sleep_until_ns(mono_ns() + request.pause_ns);
  if (!send_request(request.path) || !read_answer()) return false;
  if (head_.status() != 200) {
    sleep_until_ns(mono_ns() + kRetryNs);
    return true;
  }
  if (request.kind == HlsRequest::Kind::Playlist) return watch_.on_playlist(body_);
  return take_media(request.path);
}

bool HlsProbe::send_request(const std::string &path) {
  std::string text = "GET " + path + " HTTP/1.1\r\nHost: " + endpoint_.host +
                     "\r\nUser-Agent: sluice-bench-probe\r\nAccept: */*\r\n\r\n";
  return send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

base::Bytes HlsProbe::read_some() {
  while (!over()) {
    ssize_t n = recv(fd_, memory_.data(), memory_.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    arrived_ns_ = mono_ns();
    return base::Bytes(memory_).first(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  }
  return {};
}

bool HlsProbe::read_answer() {
  head_.clear();
  body_.clear();
  while (head_.status() == 0) {
    base::Bytes bytes = read_some();
    if (bytes.empty() || !head_.take(bytes)) return false;
    body_.append(base::as_text(bytes));
  }
  auto length = head_.content_length();
  if (!length) return false;
  while (body_.size() < *length) {
    base::Bytes bytes = read_some();
    if (bytes.empty()) return false;
    body_.append(base::as_text(bytes));
  }
  return body_.size() == *length;
}

bool HlsProbe::take_media(const std::string &path) {
  oldest_ns_ = newest_ns_ = 0;
  auto reader = make_reader(container_of(path), *this);
  if (!reader->feed(base::as_bytes(body_))) return false;
  if (newest_ns_ == 0 || phase_->load() != Phase::Window) return true;
  result_.newest_ms.add(to_ms(arrived_ns_ - newest_ns_));
  result_.oldest_ms.add(to_ms(arrived_ns_ - oldest_ns_));
  return true;
}

void HlsProbe::on_frame(const SeenFrame &frame) {
  if (!frame.stamp) return;
  if (result_.frames > 0 && frame.stamp->number > next_number_)
    result_.missing += frame.stamp->number - next_number_;
  next_number_ = frame.stamp->number + 1;
  result_.frames++;
  newest_ns_ = frame.stamp->sent_ns;
  if (oldest_ns_ == 0) oldest_ns_ = newest_ns_;
}

}  // namespace sluice::bench
