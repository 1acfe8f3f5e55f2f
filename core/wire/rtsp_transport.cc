// SPDX-License-Identifier: Apache-2.0
#include "wire/rtsp_transport.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "wire/text.h"

namespace sluice::wire::rtsp {
namespace {

using base::Code;
using base::Domain;
using base::Result;

constexpr std::string_view kProfiles[] = {"RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"};

std::unexpected<base::Error> unsupported(const char *what) {
  return base::fail(Domain::Wire, Code::Unsupported, what);
}

struct Range {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
};

// "5000-5001"; a single number stands for itself and the next one.
std::optional<Range> parse_range(std::string_view text, std::uint32_t max) {
  auto first = parse_decimal(trim(take_until(text, '-')), max);
  if (!first) return {};
  Range range{.first = static_cast<std::uint32_t>(*first)};
  auto second = trim(text).empty() ? std::optional(*first + 1) : parse_decimal(trim(text), max);
  if (!second || *second > max) return {};
  range.second = static_cast<std::uint32_t>(*second);
  return range;
}

std::optional<PortPair> parse_ports(std::string_view text) {
  auto range = parse_range(text, 0xffff);
  if (!range || range->first == 0 || range->second == 0 || range->first == range->second) return {};
  return PortPair{.rtp = static_cast<std::uint16_t>(range->first),
                  .rtcp = static_cast<std::uint16_t>(range->second)};
}

std::optional<ChannelPair> parse_channels(std::string_view text) {
  auto range = parse_range(text, 0xff);
  if (!range || range->first == range->second) return {};
  return ChannelPair{.rtp = static_cast<std::uint8_t>(range->first),
                     .rtcp = static_cast<std::uint8_t>(range->second)};
}

std::string parse_host(std::string_view text) {
  bool fits = text.size() <= 255 && std::ranges::all_of(text, [](char c) {
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                return letter || (c >= '0' && c <= '9') || std::string_view(".-_:%[]").contains(c);
              });
  return fits ? std::string(text) : std::string();
}

TransportMode parse_mode(std::string_view text) {
  if (equal_ignoring_case(text, "PLAY")) return TransportMode::Play;
  // GStreamer's older name for it.
  bool record = equal_ignoring_case(text, "RECORD") || equal_ignoring_case(text, "RECEIVE");
  return record ? TransportMode::Record : TransportMode::Unstated;
}

// "RTP/AVP/TCP". Nothing when it is none of the profiles.
std::optional<Transport> parse_profile(std::string_view text) {
  Transport transport;
  if (std::size_t slash = text.rfind('/'); slash != text.find('/')) {
    std::string_view lower = text.substr(slash + 1);
    if (equal_ignoring_case(lower, "TCP")) {
      transport.lower = LowerTransport::Tcp;
    } else if (!equal_ignoring_case(lower, "UDP")) {
      return {};
    }
    text = text.substr(0, slash);
  }
  const auto *found = std::ranges::find_if(
      kProfiles, [&](std::string_view profile) { return equal_ignoring_case(profile, text); });
  if (found == std::end(kProfiles)) return {};
  transport.profile = static_cast<Profile>(found - std::begin(kProfiles));
  return transport;
}

// Hikvision writes ssrc with blanks before its digits; some write 0x.
std::optional<std::uint32_t> parse_ssrc(std::string_view text) {
  if (starts_with_ignoring_case(text, "0x")) text.remove_prefix(2);
  return parse_hex32(text);
}

void take_parameter(std::string_view name, std::string_view value, Transport &transport) {
  auto is = [&](std::string_view known) { return equal_ignoring_case(name, known); };
  if (is("unicast")) transport.multicast = false;
  if (is("multicast")) transport.multicast = true;
  if (is("append")) transport.append = true;
  if (is("client_port")) transport.client_port = parse_ports(value);
  if (is("server_port")) transport.server_port = parse_ports(value);
  if (is("port")) transport.port = parse_ports(value);
  if (is("ssrc")) transport.ssrc = parse_ssrc(value);
  if (is("destination")) transport.destination = parse_host(value);
  if (is("source")) transport.source = parse_host(value);
  if (is("mode")) transport.mode = parse_mode(value);
  if (is("ttl")) {
    auto ttl = parse_decimal(value, 255);
    if (ttl) transport.ttl = static_cast<std::uint8_t>(*ttl);
  }
  if (is("interleaved")) {
    transport.interleaved = parse_channels(value);
    // Escam's Q6 answers RTP/AVP with them.
    if (transport.interleaved) transport.lower = LowerTransport::Tcp;
  }
}

std::optional<Transport> parse_one(std::string_view text) {
  auto transport = parse_profile(trim(take_until_unquoted(text, ';')));
  if (!transport) return {};
  while (!text.empty()) {
    std::string_view value = take_until_unquoted(text, ';');
    std::string_view name = trim(take_until(value, '='));
    take_parameter(name, trim(unquote(trim(value))), *transport);
  }
  return transport;
}

// What a client may ask for. Its port is even, and RTCP's is the next: nobody has another wish, and
// a port of something else is not to be sent to.
bool is_usable(const Transport &transport) {
  if (transport.lower == LowerTransport::Tcp || transport.multicast) return true;
  const auto &port = transport.client_port;
  return port && port->rtp % 2 == 0 && port->rtcp == port->rtp + 1;
}

void append_pair(std::string &out, std::string_view name, unsigned first, unsigned second) {
  out += ';';
  out += name;
  out += '=' + std::to_string(first) + '-' + std::to_string(second);
}

}  // namespace

Result<Transport> parse_transport_answer(std::string_view value) {
  while (!value.empty()) {
    if (auto transport = parse_one(take_until_unquoted(value, ','))) return *std::move(transport);
  }
  return unsupported("an answer's transport is not RTP");
}

Result<std::vector<Transport>> parse_transport_request(std::string_view value) {
  std::vector<Transport> usable;
  for (std::size_t count = 0; !value.empty(); ++count) {
    if (count == kMaxAlternatives) {
      return base::fail(Domain::Wire, Code::TooLarge, "too many transports are asked for");
    }
    auto transport = parse_one(take_until_unquoted(value, ','));
    if (transport && is_usable(*transport)) usable.push_back(*std::move(transport));
  }
  if (usable.empty()) return unsupported("no transport that is asked for can be served");
  return usable;
}

std::string to_string(const Transport &transport) {
  std::string out(kProfiles[static_cast<std::size_t>(transport.profile)]);
  if (transport.lower == LowerTransport::Tcp) out += "/TCP";
  out += transport.multicast ? ";multicast" : ";unicast";
  if (!transport.destination.empty()) out += ";destination=" + transport.destination;
  if (!transport.source.empty()) out += ";source=" + transport.source;
  if (transport.ttl) out += ";ttl=" + std::to_string(*transport.ttl);
  if (transport.append) out += ";append";
  if (const auto &pair = transport.interleaved)
    append_pair(out, "interleaved", pair->rtp, pair->rtcp);
  if (const auto &pair = transport.port) append_pair(out, "port", pair->rtp, pair->rtcp);
  if (const auto &pair = transport.client_port)
    append_pair(out, "client_port", pair->rtp, pair->rtcp);
  if (const auto &pair = transport.server_port)
    append_pair(out, "server_port", pair->rtp, pair->rtcp);
  if (transport.ssrc) {
    std::array<std::byte, 4> bytes{};
    base::put_u32(bytes.data(), *transport.ssrc);
    out += ";ssrc=" + base::hex(bytes);
  }
  if (transport.mode == TransportMode::Play) out += ";mode=play";
  if (transport.mode == TransportMode::Record) out += ";mode=record";
  return out;
}

}  // namespace sluice::wire::rtsp
