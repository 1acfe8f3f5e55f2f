// SPDX-License-Identifier: Apache-2.0
#include "net/udp_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include "net/address_filter.h"

namespace sluice::net {
namespace {

// A socket that is flooded gives way to the loop's others after so many batches.
constexpr int kBatchesPerTurn = 4;

// A range that is full costs this many attempts and not one for each of its ports.
constexpr unsigned kPairAttempts = 1024;

void set_option(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

base::Result<Fd> make_socket(int family, const UdpSocket::Options &options) {
  Fd fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::fail(base::system_error("cannot make a UDP socket"));
  if (family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // The two below are wishes: without them more is lost, or less is known about it.
  if (options.receive_buffer_bytes > 0) {
    set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes);
  }
  set_option(fd.get(), SOL_SOCKET, SO_RXQ_OVFL, 1);
  return fd;
}

base::Status bind_to(int fd, const Address &local) {
  if (::bind(fd, local.get(), local.length()) != 0) {
    return base::fail(base::system_error("cannot bind a UDP port"));
  }
  return {};
}

Address name_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr *>(&storage), &size);
  return Address(storage);
}

// Errors that a host or a router on the way reported by ICMP, or that a full queue makes. None says
// anything about the next datagram.
bool is_passing(int error) {
  switch (error) {
    case EAGAIN:
    case EINTR:
    case ENOBUFS:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EPERM:  // a firewall's word
      return true;
    default:
      return false;
  }
}

base::Status join(int fd, const UdpSocket::Group &group) {
  bool ipv4 = group.group.family() == AF_INET;
  int level = ipv4 ? IPPROTO_IP : IPPROTO_IPV6;
  int joined = 0;
  if (group.source) {
    group_source_req wish{};
    wish.gsr_interface = group.interface;
    std::memcpy(&wish.gsr_group, group.group.get(), group.group.length());
    std::memcpy(&wish.gsr_source, group.source->get(), group.source->length());
    joined = ::setsockopt(fd, level, MCAST_JOIN_SOURCE_GROUP, &wish, sizeof wish);
  } else {
    group_req wish{};
    wish.gr_interface = group.interface;
    std::memcpy(&wish.gr_group, group.group.get(), group.group.length());
    joined = ::setsockopt(fd, level, MCAST_JOIN_GROUP, &wish, sizeof wish);
  }
  if (joined != 0) return base::fail(base::system_error("cannot join the multicast group"));
  return {};
}

// How many pairs a range holds, each at an even port.
unsigned pairs_of(UdpSocket::PortRange range) {
  unsigned first = (range.first + 1U) / 2;
  unsigned end = (range.last + 1U) / 2;
  return end > first ? end - first : 0;
}

std::uint16_t even_port(UdpSocket::PortRange range, unsigned pair) {
  return static_cast<std::uint16_t>(2 * ((range.first + 1U) / 2 + pair % pairs_of(range)));
}

unsigned random_start() {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return static_cast<unsigned>(random());
}

}  // namespace

UdpBatch::UdpBatch() : memory_(std::make_unique_for_overwrite<std::byte[]>(kSlots * kSlotBytes)) {
  for (std::size_t i = 0; i < kSlots; ++i) {
    pieces_[i] = {.iov_base = slot(i), .iov_len = kSlotBytes - kSpare};
    messages_[i] = {};
    messages_[i].msg_hdr.msg_name = &names_[i];
    messages_[i].msg_hdr.msg_iov = &pieces_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_control = control_[i].data();
  }
  arm(kSlots);
}

void UdpBatch::arm(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    messages_[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    messages_[i].msg_hdr.msg_controllen = kControlBytes;
  }
}

base::Result<std::unique_ptr<UdpSocket>> UdpSocket::open(loop::Loop &loop, UdpBatch &batch,
                                                         const Address &local, Options options) {
  SLUICE_TRY(fd, make_socket(local.family(), options));
  SLUICE_TRY_VOID(bind_to(fd.get(), local));
  Address bound = name_of(fd.get());
  return std::unique_ptr<UdpSocket>(new UdpSocket(loop, batch, std::move(fd), bound));
}

base::Result<UdpSocket::Pair> UdpSocket::open_pair(loop::Loop &loop, UdpBatch &batch,
                                                   const Address &local, PortRange range,
                                                   Options options) {
  constexpr PortRange kAnywhere{1024, 65'535};
  if (range.first == 0 && range.last == 0) range = kAnywhere;
  unsigned attempts = std::min(pairs_of(range), kPairAttempts);
  unsigned start = random_start();
  for (unsigned attempt = 0; attempt < attempts; ++attempt) {
    std::uint16_t port = even_port(range, start + attempt);
    auto rtp = open(loop, batch, local.with_port(port), options);
    if (!rtp && rtp.error().sys != EADDRINUSE) return base::fail(rtp.error());
    if (!rtp) continue;
    auto rtcp = open(loop, batch, local.with_port(static_cast<std::uint16_t>(port + 1)), options);
    if (rtcp) return Pair{std::move(*rtp), std::move(*rtcp)};
    if (rtcp.error().sys != EADDRINUSE) return base::fail(rtcp.error());
  }
  return base::fail(base::Domain::Net, base::Code::Busy, "no pair of UDP ports is free");
}

base::Result<std::unique_ptr<UdpSocket>> UdpSocket::open_group(loop::Loop &loop, UdpBatch &batch,
                                                               const Group &group,
                                                               Options options) {
  bool one_family = !group.source || group.source->family() == group.group.family();
  if (classify(group.group) != AddressKind::Multicast || !one_family) {
    return base::fail(base::Domain::Net, base::Code::Malformed, "not a multicast group");
  }
  SLUICE_TRY(fd, make_socket(group.group.family(), options));
  // Others on this host may listen to the group as well. What is sent to its port but not to the
  // group is not for us, so the group is what is bound, not the wildcard.
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (group.group.family() == AF_INET) set_option(fd.get(), IPPROTO_IP, IP_MULTICAST_ALL, 0);
  SLUICE_TRY_VOID(bind_to(fd.get(), group.group));
  SLUICE_TRY_VOID(join(fd.get(), group));
  Address bound = name_of(fd.get());
  return std::unique_ptr<UdpSocket>(new UdpSocket(loop, batch, std::move(fd), bound));
}

UdpSocket::UdpSocket(loop::Loop &loop, UdpBatch &batch, Fd fd, const Address &local)
    : loop_(loop),
      batch_(batch),
      fd_(std::move(fd)),
      local_(local),
      poll_(loop, fd_.get(), [this](int) { on_ready(); }) {}

UdpSocket::~UdpSocket() {
  loop_.assert_here();
  if (destroyed_ != nullptr) *destroyed_ = true;
}

void UdpSocket::set_events(UdpEvents *events) {
  loop_.assert_here();
  events_ = events;
  poll_.watch(events != nullptr ? UV_READABLE : 0);
}

base::Status UdpSocket::connect(const Address &peer) {
  if (::connect(fd_.get(), peer.get(), peer.length()) != 0) {
    return base::fail(base::system_error("cannot connect a UDP socket"));
  }
  return {};
}

base::Status UdpSocket::send(base::Bytes datagram) {
  // The first try may report what a datagram before this one met.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (::send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return {};
    if (!is_passing(errno)) return base::fail(base::system_error("cannot send a datagram"));
  }
  return {};
}

base::Status UdpSocket::send_to(base::Bytes datagram, const Address &to) {
  ssize_t sent =
      ::sendto(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL, to.get(), to.length());
  if (sent < 0 && !is_passing(errno)) {
    return base::fail(base::system_error("cannot send a datagram"));
  }
  return {};
}

int UdpSocket::receive_buffer_bytes() const {
  int bytes = 0;
  socklen_t size = sizeof bytes;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, &size);
  return bytes;
}

void UdpSocket::on_ready() {
  bool destroyed = false;
  destroyed_ = &destroyed;
  for (int i = 0; i < kBatchesPerTurn; ++i) {
    bool more = read_batch();
    if (destroyed) return;
    if (!more) break;
  }
  destroyed_ = nullptr;
  // A refusal by ICMP has stopped the poll.
  if (events_ != nullptr) poll_.watch(UV_READABLE);
}

// False when there is nothing more to read now, or nobody to tell.
bool UdpSocket::read_batch() {
  int count = ::recvmmsg(fd_.get(), batch_.messages_.data(), UdpBatch::kSlots, 0, nullptr);
  // An ICMP error is reported in place of a datagram, once; those behind it are still there.
  if (count < 0) return errno != EAGAIN && is_passing(errno);
  auto received = static_cast<std::size_t>(count);
  bool alive = deliver(received);
  return alive && received == UdpBatch::kSlots;
}

// False when the events were taken away, or the socket is gone.
bool UdpSocket::deliver(std::size_t count) {
  UdpBatch &batch = batch_;  // outlives this socket
  bool *destroyed = destroyed_;
  bool alive = true;
  for (std::size_t i = 0; i < count && alive; ++i) {
    mmsghdr &message = batch.messages_[i];
    if (message.msg_hdr.msg_controllen > 0) note_drops(message.msg_hdr);
    events_->on_datagram({batch.slot(i), message.msg_len}, Address(batch.names_[i]));
    alive = !*destroyed && events_ != nullptr;
  }
  batch.arm(count);
  if (!alive) return false;
  events_->on_batch_end();
  return !*destroyed && events_ != nullptr;
}

void UdpSocket::note_drops(msghdr &message) {
  for (cmsghdr *control = CMSG_FIRSTHDR(&message); control != nullptr;
       control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(&kernel_drops_, CMSG_DATA(control), sizeof kernel_drops_);
    }
  }
}

}  // namespace sluice::net
