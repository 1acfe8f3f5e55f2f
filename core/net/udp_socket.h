// SPDX-License-Identifier: Apache-2.0
// UdpSocket: a bound UDP socket on one loop. Datagrams are read in batches into memory that all
// sockets of a loop share, one after the other, so that a packet costs neither an allocation nor a
// system call of its own.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "loop/poll.h"
#include "net/address.h"
#include "net/fd.h"

namespace sluice::net {

// Told by the socket, on its loop. Each may destroy the socket.
class UdpEvents {
 public:
  // The memory may be written to during the call, with UdpBatch::kSpare bytes behind it as well.
  virtual void on_datagram(base::MutableBytes datagram, const Address &from) = 0;
  // After the last one of a batch: for work that is worth doing once for many packets.
  virtual void on_batch_end() {}

 protected:
  ~UdpEvents() = default;
};

// Memory for one batch. One per loop, which must outlive the sockets it is lent to. Each slot takes
// the largest datagram that there is; pages that no datagram has touched are not resident.
class UdpBatch {
 public:
  static constexpr std::size_t kSlots = 32;
  static constexpr std::size_t kMaxDatagram = 65'535;
  static constexpr std::size_t kSpare = 64;  // SRTP decrypts in place and may write past the end

  UdpBatch();
  UdpBatch(const UdpBatch &) = delete;
  UdpBatch &operator=(const UdpBatch &) = delete;

 private:
  friend class UdpSocket;
  static constexpr std::size_t kSlotBytes = 65'536 + kSpare;
  static constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(std::uint32_t));
  std::byte *slot(std::size_t index) { return memory_.get() + index * kSlotBytes; }
  void arm(std::size_t count);  // before each system call, which writes over the lengths

  std::unique_ptr<std::byte[]> memory_;
  std::array<sockaddr_storage, kSlots> names_;
  std::array<iovec, kSlots> pieces_;
  std::array<mmsghdr, kSlots> messages_;
  alignas(cmsghdr) std::array<std::array<std::byte, kControlBytes>, kSlots> control_;
};

class UdpSocket {
 public:
  struct Options {
    int receive_buffer_bytes = 0;  // SO_RCVBUF; 0: the system's. The kernel may give less.
  };
  struct Pair;

  // Binds; port 0 takes a free one. An IPv6 socket takes IPv4 too. Errors: Code::System.
  static base::Result<std::unique_ptr<UdpSocket>> open(loop::Loop &loop, UdpBatch &batch,
                                                       const Address &local, Options options);

  // RTP's pair (RFC 3550, section 11): an even port and the next one, on local's host. first and
  // last: the range to look in, from a random place on; both 0: anywhere. Code::Busy when no pair
  // is free in the range.
  struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
  };
  static base::Result<Pair> open_pair(loop::Loop &loop, UdpBatch &batch, const Address &local,
                                      PortRange range, Options options);

  // Receives what is sent to a multicast group and its port, by any source or by one alone
  // (RFC 4607). interface: its index, 0 for the one that the routing table names.
  struct Group {
    Address group;
    std::optional<Address> source;
    unsigned interface = 0;
  };
  static base::Result<std::unique_ptr<UdpSocket>> open_group(loop::Loop &loop, UdpBatch &batch,
                                                             const Group &group, Options options);

  ~UdpSocket();
  UdpSocket(const UdpSocket &) = delete;
  UdpSocket &operator=(const UdpSocket &) = delete;

  // Nobody is told anything before this. nullptr stops.
  void set_events(UdpEvents *events);

  // From now on the kernel drops what comes from elsewhere, and send() goes there.
  base::Status connect(const Address &peer);

  // What the kernel has no room for is dropped without an error, as on the way. A peer's refusals
  // by ICMP are no errors either: cameras refuse what they do not listen to, and go on sending.
  base::Status send(base::Bytes datagram);  // connected ones
  base::Status send_to(base::Bytes datagram, const Address &to);

  [[nodiscard]] const Address &local() const { return local_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Datagrams that the kernel dropped because its buffer was full, as of the last one that came.
  [[nodiscard]] std::uint32_t kernel_drops() const { return kernel_drops_; }
  // Of the kernel's receive buffer, as it was granted.
  [[nodiscard]] int receive_buffer_bytes() const;

 private:
  UdpSocket(loop::Loop &loop, UdpBatch &batch, Fd fd, const Address &local);
  void on_ready();
  bool read_batch();
  bool deliver(std::size_t count);
  void note_drops(msghdr &message);

  loop::Loop &loop_;
  UdpBatch &batch_;
  Fd fd_;  // closed after poll_ is gone
  Address local_;
  UdpEvents *events_ = nullptr;
  std::uint32_t kernel_drops_ = 0;
  bool *destroyed_ = nullptr;  // on the stack of on_ready while it runs
  loop::Poll poll_;
};

struct UdpSocket::Pair {
  std::unique_ptr<UdpSocket> rtp;
  std::unique_ptr<UdpSocket> rtcp;
};

}  // namespace sluice::net
