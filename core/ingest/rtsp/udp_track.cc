// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/udp_track.h"

#include <array>
#include <utility>

namespace sluice::ingest::rtsp {
namespace {

// A key frame of a large picture comes as one burst of hundreds of packets.
constexpr int kReceiveBuffer = 1 << 20;

// The smallest things that are RTP (a header without payload, of a type that nobody has) and RTCP
// (an empty receiver report).
constexpr std::array<std::byte, 12> kPunchRtp{std::byte{0x80}, std::byte{0x7f}};
constexpr std::array<std::byte, 8> kPunchRtcp{std::byte{0x80}, std::byte{0xc9}, std::byte{0x00},
                                              std::byte{0x01}};

}  // namespace

UdpTrack::Port::Port(UdpTrack &track, bool rtcp, std::unique_ptr<net::UdpSocket> opened)
    : owner(track), is_rtcp(rtcp), socket(std::move(opened)) {
  socket->set_events(this);
}

void UdpTrack::Port::on_datagram(base::MutableBytes datagram, const net::Address &from) {
  if (!owner.is_group_) {
    if (!from.same_host(owner.peer_)) return;
    if (!peer) peer = from;
  }
  auto &events = owner.context_.events;
  if (is_rtcp) {
    events.on_rtcp(owner.context_.track, datagram);
  } else {
    events.on_rtp(owner.context_.track, datagram);
  }
}

base::Result<std::unique_ptr<UdpTrack>> UdpTrack::open(Context context, const net::Address &local,
                                                       const net::Address &peer,
                                                       net::UdpSocket::PortRange range) {
  SLUICE_TRY(pair, net::UdpSocket::open_pair(context.loop, context.batch, local.with_port(0), range,
                                             {.receive_buffer_bytes = kReceiveBuffer}));
  return std::unique_ptr<UdpTrack>(new UdpTrack(context, peer, false, std::move(pair)));
}

base::Result<std::unique_ptr<UdpTrack>> UdpTrack::open_group(Context context,
                                                             const net::Address &group,
                                                             wire::rtsp::PortPair ports) {
  net::UdpSocket::Options options{.receive_buffer_bytes = kReceiveBuffer};
  net::UdpSocket::Group rtp{.group = group.with_port(ports.rtp)};
  net::UdpSocket::Group rtcp{.group = group.with_port(ports.rtcp)};
  SLUICE_TRY(rtp_socket, net::UdpSocket::open_group(context.loop, context.batch, rtp, options));
  SLUICE_TRY(rtcp_socket, net::UdpSocket::open_group(context.loop, context.batch, rtcp, options));
  net::UdpSocket::Pair pair{std::move(rtp_socket), std::move(rtcp_socket)};
  return std::unique_ptr<UdpTrack>(new UdpTrack(context, group, true, std::move(pair)));
}

UdpTrack::UdpTrack(Context context, const net::Address &peer, bool is_group,
                   net::UdpSocket::Pair sockets)
    : context_(context),
      peer_(peer),
      is_group_(is_group),
      rtp_(*this, false, std::move(sockets.rtp)),
      rtcp_(*this, true, std::move(sockets.rtcp)) {}

wire::rtsp::PortPair UdpTrack::ports() const {
  return {rtp_.socket->local().port(), rtcp_.socket->local().port()};
}

void UdpTrack::set_peer_ports(wire::rtsp::PortPair ports) {
  if (is_group_) return;
  rtp_.peer = peer_.with_port(ports.rtp);
  rtcp_.peer = peer_.with_port(ports.rtcp);
}

// A lost punch packet is made up for by the reports; a refused one is no error either.
void UdpTrack::punch() {
  if (rtp_.peer) (void)rtp_.socket->send_to(kPunchRtp, *rtp_.peer);
  if (rtcp_.peer) (void)rtcp_.socket->send_to(kPunchRtcp, *rtcp_.peer);
}

void UdpTrack::send_report(std::string_view packet) {
  // A report that is lost is followed by the next one.
  if (rtcp_.peer) (void)rtcp_.socket->send_to(base::as_bytes(packet), *rtcp_.peer);
}

void UdpTrack::close() {
  rtp_.socket->set_events(nullptr);
  rtcp_.socket->set_events(nullptr);
}

std::uint32_t UdpTrack::kernel_drops() const {
  return rtp_.socket->kernel_drops() + rtcp_.socket->kernel_drops();
}

}  // namespace sluice::ingest::rtsp
