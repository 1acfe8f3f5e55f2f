// SPDX-License-Identifier: Apache-2.0
// The Transport header (RFC 2326, section 12.39). Answers of cameras are read leniently; what a
// client asks for is held to ports that can be used. Pure; takes hostile bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::wire::rtsp {

enum class Profile : std::uint8_t { Avp, Avpf, Savp, Savpf };
enum class LowerTransport : std::uint8_t { Udp, Tcp };
enum class TransportMode : std::uint8_t { Unstated, Play, Record };

[[nodiscard]] inline bool is_encrypted(Profile profile) { return profile >= Profile::Savp; }

struct PortPair {
  std::uint16_t rtp = 0;
  std::uint16_t rtcp = 0;
  friend bool operator==(const PortPair &, const PortPair &) = default;
};

struct ChannelPair {
  std::uint8_t rtp = 0;
  std::uint8_t rtcp = 1;
  friend bool operator==(const ChannelPair &, const ChannelPair &) = default;
};

struct Transport {
  Profile profile = Profile::Avp;
  LowerTransport lower = LowerTransport::Udp;
  bool multicast = false;  // RFC 2326 has multicast as the default; everybody means unicast
  bool append = false;
  TransportMode mode = TransportMode::Unstated;
  std::optional<PortPair> client_port;
  std::optional<PortPair> server_port;
  std::optional<PortPair> port;  // of multicast
  std::optional<ChannelPair> interleaved;
  std::optional<std::uint32_t> ssrc;
  std::optional<std::uint8_t> ttl;
  std::string destination;  // an address or a host name, as written; never trust it as a target
  std::string source;
};

// What a server answered: the first alternative. Unknown parameters, blanks, and ports and channels
// that cannot be used are left out as if they were not there; a single port or channel stands for
// itself and the next one; interleaved channels mean TCP whatever the profile says. Unsupported:
// nothing in it is RTP.
[[nodiscard]] base::Result<Transport> parse_transport_answer(std::string_view value);

// What a client asks for, in its order of preference, at most kMaxAlternatives. Those that we could
// not serve are left out: other profiles, UDP without an even client port and the next one,
// channels beyond 255. Unsupported (461): none is left. TooLarge: too many.
inline constexpr std::size_t kMaxAlternatives = 16;
[[nodiscard]] base::Result<std::vector<Transport>> parse_transport_request(std::string_view value);

// "RTP/AVP/TCP;unicast;interleaved=0-1". The mode is written only when it is stated, because
// mode=play makes some cameras fail.
[[nodiscard]] std::string to_string(const Transport &transport);

}  // namespace sluice::wire::rtsp
