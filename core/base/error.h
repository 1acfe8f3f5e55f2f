// SPDX-License-Identifier: Apache-2.0
// Error: 16 bytes, trivially copyable, no allocation and no chain. Context (stream, peer, offset)
// is added once, as log fields, by the layer that handles the error; no error is both logged and
// returned.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace sluice::base {

// Who defined the code, so that the same number can mean different things on different floors.
enum class Domain : std::uint16_t {
  Base,
  System,
  Config,
  Wire,
  Media,
  Net,
  Http,
  Tape,
  Stream,
  Rtmp,
  Rtsp
};

// The four kinds of failure that callers tell apart. A bug is not here: SLUICE_CHECK aborts on it.
enum class Code : std::uint16_t {
  Malformed,    // the peer's bytes break the grammar
  TooLarge,     // a length, count or depth from the peer is over its limit
  Truncated,    // the input ended in the middle
  Unsupported,  // well-formed, but not something that we do
  Refused,      // policy says no
  NotFound,
  Busy,      // a bounded queue is full, or a limit is reached: try again later
  TimedOut,  // a deadline passed
  Closed,    // the other side is gone
  System,    // errno is in Error::sys
  Operator,  // the operator's input is wrong
};

struct Error {
  Domain domain = Domain::Base;
  Code code = Code::Malformed;
  std::int32_t sys = 0;   // errno, or 0
  const char *what = "";  // a string literal: a short sentence without a full stop

  friend bool operator==(const Error &, const Error &) = default;
};
static_assert(sizeof(Error) == 16 && std::is_trivially_copyable_v<Error>);

// The code's short name, as logs and metrics show it: "malformed", "too_large", …
const char *code_name(Code code);

// One line for people: what, and the system's own words where there are some.
std::string describe(const Error &error);

// An Error from errno, which is read at once.
Error system_error(const char *what);

}  // namespace sluice::base
