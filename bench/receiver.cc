// SPDX-License-Identifier: Apache-2.0
// receiver: what the kernel alone charges for taking N cameras' bytes. One thread, one epoll, one
// buffer: recv() (TCP) or recvmmsg() (UDP) as long as something is there, and nothing is looked at.
// Every result of the pull benchmark is a ratio to this, measured in the same run on the same core.
// Connects, asks each camera to play, says "receiver ready".
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
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

class Receiver {
 public:
  Receiver(const Endpoint &endpoint, int count, bool udp) : endpoint_(endpoint) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < count; i++)
      start(udp);
    std::puts("receiver ready");
    std::fflush(stdout);
  }
  Receiver(const Receiver &) = delete;
  Receiver &operator=(const Receiver &) = delete;
  ~Receiver() { close(epoll_); }

  void run(double seconds);

 private:
  static constexpr std::size_t kBatch = 32;
  static constexpr std::size_t kDatagram = 2048;

  void start(bool udp);
  void ask(int fd, const std::string &request);
  void watch(int fd, bool udp);
  bool take_stream(int fd);
  void take_datagrams(int fd);

  const Endpoint endpoint_;
  int epoll_ = -1;
  std::uint64_t bytes_ = 0, reads_ = 0;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(65536);
  std::vector<std::byte> datagrams_ = std::vector<std::byte>(kBatch * kDatagram);
};

// One request and its answer; the answer's text is of no interest.
void Receiver::ask(int fd, const std::string &request) {
  SLUICE_CHECK(send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(request.size()));
  std::array<char, 2048> answer;
  SLUICE_CHECK(recv(fd, answer.data(), answer.size(), 0) > 0);
}

void Receiver::watch(int fd, bool udp) {
  const auto key = static_cast<std::uint64_t>(fd) << 1 | (udp ? 1U : 0U);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = key}};
  SLUICE_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void Receiver::start(bool udp) {
  const int fd = connect_blocking(endpoint_);
  SLUICE_CHECK(fd >= 0);
  std::string transport = "RTP/AVP/TCP;unicast;interleaved=0-1";
  if (udp) {
    const int media = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int room = 1 << 20;
    setsockopt(media, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    const bool bound = bind(media, reinterpret_cast<sockaddr *>(&own), size) == 0 &&
                       getsockname(media, reinterpret_cast<sockaddr *>(&own), &size) == 0;
    SLUICE_CHECK(bound);
    const auto port = ntohs(own.sin_port);
    transport =
        "RTP/AVP;unicast;client_port=" + std::to_string(port) + "-" + std::to_string(port + 1);
    watch(media, true);
  }
  ask(fd, "SETUP rtsp://bench/t0 RTSP/1.0\r\nCSeq: 1\r\nTransport: " + transport + "\r\n\r\n");
  ask(fd, "PLAY rtsp://bench/ RTSP/1.0\r\nCSeq: 2\r\n\r\n");
  watch(fd, false);
}

bool Receiver::take_stream(int fd) {
  for (;;) {
    const ssize_t n = recv(fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    reads_++;
    if (n == 0) return false;
    if (n < 0) return errno == EAGAIN;
    bytes_ += static_cast<std::uint64_t>(n);
    if (static_cast<std::size_t>(n) < buffer_.size()) return true;
  }
}

void Receiver::take_datagrams(int fd) {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> places;
  for (std::size_t i = 0; i < kBatch; i++) {
    places[i] = {datagrams_.data() + i * kDatagram, kDatagram};
    messages[i].msg_hdr.msg_iov = &places[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int n = recvmmsg(fd, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  reads_++;
  for (int i = 0; i < n; i++)
    bytes_ += messages[static_cast<std::size_t>(i)].msg_len;
}

void Receiver::run(double seconds) {
  const std::int64_t end = mono_ns() + static_cast<std::int64_t>(seconds * 1e9);
  while (!stop_asked && mono_ns() < end) {
    std::array<epoll_event, 256> events;
    const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 200);
    for (int i = 0; i < n; i++) {
      const std::uint64_t key = events[static_cast<std::size_t>(i)].data.u64;
      const int fd = static_cast<int>(key >> 1);
      if (key & 1) {
        take_datagrams(fd);
      } else if (!take_stream(fd)) {
        close(fd);
      }
    }
  }
  print_line({{"bytes", bytes_}, {"reads", reads_}});
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char **argv) {
  using namespace sluice::bench;
  Options options("receiver: takes cameras' bytes and does nothing with them",
                  {{"url", "rtsp://127.0.0.1:1/", "the cameras"},
                   {"count", "200", "how many connections"},
                   {"udp", "no", "media by UDP"},
                   {"seconds", "600", "how long at most; SIGTERM ends it sooner"}},
                  argc, argv);
  struct sigaction action{};
  action.sa_handler = ask_to_stop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  allow_descriptors(30000);
  Receiver receiver(parse_endpoint(options.text("url")), options.integer("count", 1, 5000),
                    options.flag("udp"));
  receiver.run(options.number("seconds", 1, 86400));
}
