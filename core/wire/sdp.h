// SPDX-License-Identifier: Apache-2.0
// SDP as RTSP servers and pushers write it (RFC 8866, RFC 2326 appendix C). Reading is lenient on
// purpose: cameras break nearly every rule of the grammar, and what cannot be understood is left
// out rather than refused. Only bounds are strict. Pure; takes hostile bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::wire::sdp {

// One payload type of a media description, from a=rtpmap and a=fmtp, or from RFC 3551's table when
// the type is static and has no rtpmap.
struct Format {
  std::uint8_t payload_type = 0;
  std::string encoding;  // as written: "H264", "MPEG4-GENERIC"; empty when nothing names it
  std::uint32_t clock_rate = 0;
  std::uint32_t channels = 0;  // 0: not stated
  std::string parameters;      // the text of a=fmtp behind the payload type, as written

  // The value of one of the parameters ("sprop-parameter-sets"), whose names are compared without
  // case. Empty when it is not there.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

// a=crypto of RFC 4568, as written.
struct Crypto {
  std::uint32_t tag = 0;
  std::string suite;       // "AES_CM_128_HMAC_SHA1_80"
  std::string parameters;  // "inline:…"
};

enum class Direction : std::uint8_t { Unstated, SendReceive, SendOnly, ReceiveOnly, Inactive };

struct Media {
  std::string kind;      // "video", "audio", "application", or whatever else
  std::string protocol;  // "RTP/AVP", "RTP/SAVP", "RTP/AVPF"
  std::uint16_t port = 0;
  std::string address;   // of its own c= line, or the session's; empty when neither has one
  std::uint8_t ttl = 0;  // of a multicast address
  std::vector<Format> formats;
  std::string control;  // of a=control
  Direction direction = Direction::Unstated;
  double frame_rate = 0;             // of a=framerate; 0 when not stated or not believable
  std::uint32_t bandwidth_kbps = 0;  // of b=AS
  std::vector<Crypto> crypto;
  std::string key_mgmt;  // the base64 of a=key-mgmt:mikey
};

struct Session {
  std::string name;
  std::string control;
  std::string address;
  std::string key_mgmt;
  std::string tool;  // of a=tool
  std::vector<Media> media;
};

// Limits: 256 KiB of text, 32 media, 32 formats of each, 8 keys, 16 KiB of one line; what is over
// them is Code::TooLarge. A text without a single m= line is a Session without media.
base::Result<Session> parse(std::string_view text);

}  // namespace sluice::wire::sdp
