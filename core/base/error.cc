// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace sluice::base {

const char *code_name(Code code) {
  switch (code) {
    case Code::Malformed:
      return "malformed";
    case Code::TooLarge:
      return "too_large";
    case Code::Truncated:
      return "truncated";
    case Code::Unsupported:
      return "unsupported";
    case Code::Refused:
      return "refused";
    case Code::NotFound:
      return "not_found";
    case Code::Busy:
      return "busy";
    case Code::TimedOut:
      return "timed_out";
    case Code::Closed:
      return "closed";
    case Code::System:
      return "system";
    case Code::Operator:
      return "operator";
  }
  return "unknown";
}

std::string describe(const Error &error) {
  std::string text = error.what;
  if (error.sys != 0) text.append(": ").append(std::strerror(error.sys));
  return text;
}

Error system_error(const char *what) { return {Domain::System, Code::System, errno, what}; }

}  // namespace sluice::base
