// SPDX-License-Identifier: Apache-2.0
// Identifiers. A SessionId names one connection's session for the whole life of the node: it says
// which loop the session lives on, and it is never used again, so a late reference finds nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::base {

struct SessionId {
  std::uint16_t loop = 0;
  std::uint64_t serial = 0;  // counts up on its loop, from 1

  friend auto operator<=>(const SessionId &, const SessionId &) = default;
};

// "2-1f" : loop, dash, serial in hexadecimal.
std::string to_string(SessionId id);
std::optional<SessionId> parse_session_id(std::string_view text);

// 128 random bits in hexadecimal: ties one request's log lines and answers together.
std::string make_correlation_id();

// A correlation id from a peer is taken when it is 1 to 64 characters of [A-Za-z0-9._-].
bool is_valid_correlation_id(std::string_view text);

}  // namespace sluice::base
