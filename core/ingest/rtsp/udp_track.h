// SPDX-License-Identifier: Apache-2.0
// UdpTrack: the two ports on which one track's datagrams come in, RTP on the even one and RTCP on
// the next, or a multicast group. Only what the session's peer sends is taken, and nothing is ever
// sent to anybody else, whatever ports and hosts its messages name. Lives on its session's loop.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "net/udp_socket.h"
#include "wire/rtsp_transport.h"

namespace sluice::ingest::rtsp {

// The datagrams may be changed in place and have net::UdpBatch::kSpare bytes behind them. Each call
// may destroy the UdpTrack only by deferring it.
class UdpTrackEvents {
 public:
  virtual void on_rtp(std::size_t track, base::MutableBytes datagram) = 0;
  virtual void on_rtcp(std::size_t track, base::MutableBytes datagram) = 0;

 protected:
  ~UdpTrackEvents() = default;
};

class UdpTrack {
 public:
  struct Context {
    loop::Loop &loop;
    net::UdpBatch &batch;
    UdpTrackEvents &events;
    std::size_t track;  // its number, for the events
  };
  // Ports on the address that the session's connection has here. peer: who is listened to; its port
  // does not matter.
  static base::Result<std::unique_ptr<UdpTrack>> open(Context context, const net::Address &local,
                                                      const net::Address &peer,
                                                      net::UdpSocket::PortRange range);
  // A group's address and its two ports. Anybody may send to a group, so a group is only as
  // trustworthy as its network.
  static base::Result<std::unique_ptr<UdpTrack>> open_group(Context context,
                                                            const net::Address &group,
                                                            wire::rtsp::PortPair ports);

  [[nodiscard]] wire::rtsp::PortPair ports() const;

  // Where the peer said that it sends from and wants its reports. Without them, reports go where
  // its own come from.
  void set_peer_ports(wire::rtsp::PortPair ports);
  // Opens the way through firewalls and address translation on both sides.
  void punch();
  void send_report(std::string_view packet);

  // Takes nothing more, for one whose events end before it does. Also from within a call of theirs.
  void close();

  // Datagrams that the kernel dropped because nobody read them in time.
  [[nodiscard]] std::uint32_t kernel_drops() const;

 private:
  class Port final : public net::UdpEvents {
   public:
    Port(UdpTrack &owner, bool is_rtcp, std::unique_ptr<net::UdpSocket> socket);
    void on_datagram(base::MutableBytes datagram, const net::Address &from) override;

    UdpTrack &owner;
    const bool is_rtcp;
    std::unique_ptr<net::UdpSocket> socket;
    std::optional<net::Address> peer;  // where we send to
  };
  UdpTrack(Context context, const net::Address &peer, bool is_group, net::UdpSocket::Pair sockets);

  Context context_;
  net::Address peer_;
  bool is_group_;
  Port rtp_;
  Port rtcp_;
};

}  // namespace sluice::ingest::rtsp
