// SPDX-License-Identifier: Apache-2.0
// floor: what the kernel alone charges for handing the same live bytes to N viewers. One thread,
// one shared buffer, one send() for each viewer in each period, nothing else: no parser, no queue,
// no timer per viewer. Every result of the fan-out benchmark is a ratio to this, measured by the
// same load generator on the same cores in the same run. It answers any request with 200 and then
// sends filler; says "floor ready PORT".
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "support/clock.h"
#include "support/endpoint.h"
#include "support/options.h"
#include "support/report.h"

namespace sluice::bench {
namespace {

volatile sig_atomic_t stop_asked = 0;

void ask_to_stop(int) { stop_asked = 1; }

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\n";
constexpr std::size_t kBacklogPeriods = 4;  // a viewer that is further behind loses the rest

class Floor {
 public:
  Floor(double mbit, int period_ms, int cohorts)
      : period_ms_(period_ms),
        cohorts_(static_cast<std::size_t>(cohorts)),
        size_(static_cast<std::size_t>(mbit * 1e6 / 8 * period_ms / 1000)),
        bytes_(size_ * kBacklogPeriods, std::byte{0x5a}) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    listen_loopback();
    start_timer();
  }
  Floor(const Floor &) = delete;
  Floor &operator=(const Floor &) = delete;
  ~Floor() {
    for (const Viewer &viewer : viewers_)
      close(viewer.fd);
    close(listener_);
    close(timer_);
    close(epoll_);
  }

  void run(double seconds);

 private:
  struct Viewer {
    int fd;
    std::size_t owed;
  };

  void listen_loopback();
  void start_timer();
  void watch(int fd);
  void accept_all();
  void answer(int fd);
  void send_cohort();

  int period_ms_;
  std::size_t cohorts_;
  std::size_t next_cohort_ = 0;
  std::size_t size_;
  std::vector<std::byte> bytes_;
  std::vector<Viewer> viewers_;
  int epoll_ = -1, listener_ = -1, timer_ = -1;
  std::uint64_t bursts_ = 0, sends_ = 0, blocked_ = 0;
  std::int64_t longest_burst_ns_ = 0;
};

void Floor::watch(int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  SLUICE_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void Floor::listen_loopback() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto *plain = reinterpret_cast<sockaddr *>(&address);
  bool listening = bind(listener_, plain, size) == 0 && listen(listener_, 4096) == 0 &&
                   getsockname(listener_, plain, &size) == 0;
  SLUICE_CHECK(listening);
  watch(listener_);
  std::printf("floor ready %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
}

void Floor::start_timer() {
  timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  auto tick_ns = period_ms_ * 1'000'000LL / static_cast<long long>(cohorts_);
  timespec period{.tv_sec = tick_ns / 1'000'000'000, .tv_nsec = tick_ns % 1'000'000'000};
  itimerspec times{.it_interval = period, .it_value = period};
  timerfd_settime(timer_, 0, &times, nullptr);
  watch(timer_);
}

void Floor::accept_all() {
  for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    watch(fd);
  }
}

// A request comes in one piece from our own load generator. From here on the socket is only written
// to.
void Floor::answer(int fd) {
  std::array<char, 2048> request;
  ssize_t n = recv(fd, request.data(), request.size(), 0);
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  if (n <= 0 || send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) {
    close(fd);
    return;
  }
  viewers_.push_back({fd, 0});
}

void Floor::send_cohort() {
  std::int64_t begin = mono_ns();
  bool gone = false;
  for (std::size_t i = next_cohort_; i < viewers_.size(); i += cohorts_) {
    Viewer &viewer = viewers_[i];
    viewer.owed = std::min(viewer.owed + size_, bytes_.size());
    ssize_t n = send(viewer.fd, bytes_.data(), viewer.owed, MSG_NOSIGNAL);
    sends_++;
    if (n >= 0) {
      viewer.owed -= static_cast<std::size_t>(n);
      continue;
    }
    blocked_ += errno == EAGAIN;
    if (errno == EAGAIN) continue;
    close(viewer.fd);
    viewer.fd = -1;
    gone = true;
  }
  if (gone) std::erase_if(viewers_, [](const Viewer &viewer) { return viewer.fd < 0; });
  next_cohort_ = (next_cohort_ + 1) % cohorts_;
  bursts_++;
  longest_burst_ns_ = std::max(longest_burst_ns_, mono_ns() - begin);
}

void Floor::run(double seconds) {
  std::int64_t end = mono_ns() + static_cast<std::int64_t>(seconds * 1e9);
  while (!stop_asked && mono_ns() < end) {
    std::array<epoll_event, 256> events;
    int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
    for (int i = 0; i < n; i++) {
      int fd = events[static_cast<std::size_t>(i)].data.fd;
      std::uint64_t expired = 0;
      if (fd == listener_) {
        accept_all();
      } else if (fd != timer_) {
        answer(fd);
      } else if (read(timer_, &expired, sizeof expired) == sizeof expired) {
        // A turn that was missed is owed, as a live server would owe it.
        for (std::uint64_t k = 0; k < std::min<std::uint64_t>(expired, kBacklogPeriods * cohorts_);
             k++)
          send_cohort();
      }
    }
  }
  print_line({{"period_ms", period_ms_},
              {"bytes_per_send", size_},
              {"cohorts", cohorts_},
              {"bursts", bursts_},
              {"sends", sends_},
              {"blocked", blocked_},
              {"longest_burst_ms", rounded(to_ms(longest_burst_ns_))}});
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char **argv) {
  using namespace sluice::bench;
  Options options(
      "floor: one shared buffer, one send() per viewer per period",
      {{"mbit", "1.012", "Mbit/s per viewer"},
       {"period-ms", "40", "time between two sends to a viewer"},
       {"cohorts", "1", "the viewers' turns are spread over the period in so many bursts"},
       {"seconds", "600", "how long at most; SIGTERM ends it sooner"}},
      argc, argv);
  struct sigaction action{};
  action.sa_handler = ask_to_stop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  allow_descriptors(30000);
  Floor floor(options.number("mbit", 0.2, 200), options.integer("period-ms", 1, 5000),
              options.integer("cohorts", 1, 100));
  floor.run(options.number("seconds", 1, 86400));
}
