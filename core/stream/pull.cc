// SPDX-License-Identifier: Apache-2.0
#include "stream/pull.h"

#include <array>

namespace sluice::stream {
namespace {

struct Words {
  const char *word;
  const char *sentence;
};

// In the order of PullEndReason.
constexpr std::array<Words, kPullEndReasons> kWords{{
    {"resolve_failed", "the host's name has no address"},
    {"connect_failed", "no connection to the camera"},
    {"tls_failed", "no secure connection to the camera"},
    {"timed_out", "the camera did not answer in time"},
    {"unauthorized", "the camera does not accept the user name and password"},
    {"forbidden", "the camera refuses the request"},
    {"not_found", "the camera does not know the path of the URL"},
    {"busy", "the camera serves no more clients"},
    {"unsupported", "the camera offers nothing that the node can take"},
    {"malformed", "the camera breaks the protocol"},
    {"stalled", "the camera stopped sending media"},
    {"connection_lost", "the connection to the camera broke"},
    {"camera_closed", "the camera ended the stream"},
    {"publish_refused", "the name is being published by somebody else"},
    {"taken_over", "another publisher took the name over"},
    {"kicked", "the operator ended the session"},
    {"no_memory", "out of memory"},
}};

}  // namespace

const char *word(PullEndReason reason) { return kWords[static_cast<std::size_t>(reason)].word; }

const char *sentence(PullEndReason reason) {
  return kWords[static_cast<std::size_t>(reason)].sentence;
}

}  // namespace sluice::stream
