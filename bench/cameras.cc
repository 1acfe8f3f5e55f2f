// SPDX-License-Identifier: Apache-2.0
// cameras: many simulated RTSP cameras in one process and one thread. Each connection to its port
// is a camera of its own; the cameras' frames are spread evenly over the 40 ms between two frames,
// as those of cameras that know nothing of each other are. Says "cameras ready PORT", then a line
// of JSON a second with what was sent so far.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/check.h"
#include "support/clock.h"
#include "support/endpoint.h"
#include "support/options.h"
#include "support/report.h"
#include "support/rtsp_camera.h"

namespace sluice::bench {
namespace {

volatile sig_atomic_t stop_asked = 0;

void ask_to_stop(int) { stop_asked = 1; }

class Cameras {
 public:
  Cameras(double mbit, int count) : media_(mbit), slots_(static_cast<std::size_t>(count)) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    listen_loopback();
  }
  Cameras(const Cameras &) = delete;
  Cameras &operator=(const Cameras &) = delete;
  ~Cameras() {
    close(listener_);
    close(epoll_);
  }

  void run(double seconds);

 private:
  static constexpr std::int64_t kFrameNs = 1'000'000'000 / CameraMedia::kFps;
  static constexpr std::uint64_t kListener = ~std::uint64_t{0};

  void listen_loopback();
  void watch(int fd, std::uint64_t key);
  void accept_all();
  void wait_until(std::int64_t due_ns);
  void send_turn(std::int64_t now_ns);
  void report(std::int64_t now_ns);

  CameraMedia media_;
  CameraTotals totals_;
  std::vector<std::unique_ptr<RtspCamera>> slots_;
  std::size_t turn_ = 0;
  int epoll_ = -1, listener_ = -1;
  std::int64_t latest_ns_ = 0;
};

void Cameras::watch(int fd, std::uint64_t key) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = key}};
  SLUICE_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void Cameras::listen_loopback() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto *plain = reinterpret_cast<sockaddr *>(&address);
  const bool listening = bind(listener_, plain, size) == 0 && listen(listener_, 4096) == 0 &&
                         getsockname(listener_, plain, &size) == 0;
  SLUICE_CHECK(listening);
  watch(listener_, kListener);
  std::printf("cameras ready %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
}

void Cameras::accept_all() {
  for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    std::size_t slot = 0;
    while (slot < slots_.size() && slots_[slot])
      slot++;
    if (slot == slots_.size()) {
      close(fd);
      continue;
    }
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    slots_[slot] =
        std::make_unique<RtspCamera>(fd, static_cast<std::uint32_t>(slot), media_, totals_);
    watch(fd, slot);
  }
}

void Cameras::wait_until(std::int64_t due_ns) {
  const std::int64_t left = due_ns - mono_ns();
  const std::int64_t wait = left > 0 ? left : 0;
  const timespec limit{.tv_sec = wait / 1'000'000'000, .tv_nsec = wait % 1'000'000'000};
  std::array<epoll_event, 64> events;
  const int n =
      epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
  for (int i = 0; i < n; i++) {
    const std::uint64_t key = events[static_cast<std::size_t>(i)].data.u64;
    if (key == kListener) {
      accept_all();
    } else if (slots_[key] && !slots_[key]->on_readable()) {
      slots_[key].reset();
    }
  }
}

void Cameras::send_turn(std::int64_t late_ns) {
  auto &camera = slots_[turn_];
  turn_ = (turn_ + 1) % slots_.size();
  latest_ns_ = std::max(latest_ns_, late_ns);
  if (camera && camera->playing() && !camera->send_frame()) camera.reset();
}

void Cameras::report(std::int64_t now_ns) {
  int playing = 0;
  for (const auto &camera : slots_)
    playing += camera && camera->playing();
  print_line({{"at_ns", now_ns},
              {"playing", playing},
              {"bytes", totals_.bytes},
              {"packets", totals_.packets},
              {"frames", totals_.frames},
              {"frames_held", totals_.frames_held},
              {"latest_ms", rounded(to_ms(latest_ns_))}});
  latest_ns_ = 0;
}

void Cameras::run(double seconds) {
  const std::int64_t begin = mono_ns(), end = begin + static_cast<std::int64_t>(seconds * 1e9);
  const auto count = static_cast<std::int64_t>(slots_.size());
  std::int64_t sent = 0, next_report = begin + 1'000'000'000;
  for (std::int64_t now = begin; !stop_asked && now < end; now = mono_ns()) {
    for (std::int64_t due = begin + sent * kFrameNs / count; due <= now;
         due = begin + ++sent * kFrameNs / count)
      send_turn(now - due);
    if (now >= next_report) {
      report(now);
      next_report += 1'000'000'000;
    }
    wait_until(begin + sent * kFrameNs / count);
  }
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char **argv) {
  using namespace sluice::bench;
  Options options("cameras: simulated RTSP cameras, one for each connection",
                  {{"mbit", "1", "Mbit/s of each"},
                   {"count", "200", "how many at most; their frames are spread evenly"},
                   {"seconds", "600", "how long at most; SIGTERM ends it sooner"}},
                  argc, argv);
  struct sigaction action{};
  action.sa_handler = ask_to_stop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  allow_descriptors(30000);
  Cameras cameras(options.number("mbit", 0.05, 50), options.integer("count", 1, 5000));
  cameras.run(options.number("seconds", 1, 86400));
}
