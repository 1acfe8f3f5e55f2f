// SPDX-License-Identifier: Apache-2.0
// MIKEY messages (RFC 3830) as RTSP carries them: a=key-mgmt in SDP, the KeyMgmt header in SETUP.
// Only what is used there: a pre-shared key message whose transport of keys is neither encrypted
// nor authenticated, because TLS around it is both. Pure; takes hostile bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/srtp_key.h"

namespace sluice::wire::mikey {

// One crypto session: an SSRC and how often its sequence numbers have wrapped. An SSRC of 0 stands
// for whatever comes.
struct Stream {
  std::uint32_t ssrc = 0;
  std::uint32_t rollover = 0;
};

struct Message {
  std::uint32_t bundle_id = 0;
  std::vector<Stream> streams;  // at most 32
  SrtpKey key;                  // of all of them
};

// Bytes behind the last payload are ignored (Milestone pads with one). The first key is taken, and
// the policy of the first stream. Unsupported: other message types, keys that are encrypted or from
// which the key has yet to be derived (TGK), policies that are no SrtpSuite. TooLarge: more than
// 8 KiB, 32 streams or 32 payloads.
[[nodiscard]] base::Result<Message> parse(base::Bytes bytes);
// The same from the base64 text of an attribute or header.
[[nodiscard]] base::Result<Message> parse_base64(std::string_view text);

// `ntp_now` is 32.32 seconds since 1900. The RAND payload is made here. Axis wants the key to have
// an MKI of 4 bytes.
[[nodiscard]] std::string make(const Message &message, std::uint64_t ntp_now);

}  // namespace sluice::wire::mikey
