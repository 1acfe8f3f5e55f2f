// SPDX-License-Identifier: Apache-2.0
// Entrance: a kind of listener that every worker has, and that `listen` has a key for.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"

namespace sluice::node {

enum class Spoken : std::uint8_t { Http, Rtmp, Rtsp };

struct Entrance {
  const char *name;  // its key in `listen`
  std::vector<std::string> config::Listen::*addresses;
  Spoken spoken;
  bool tls;
};

inline constexpr std::array kEntrances = {
    Entrance{"http", &config::Listen::http, Spoken::Http, false},
    Entrance{"https", &config::Listen::https, Spoken::Http, true},
    Entrance{"rtmp", &config::Listen::rtmp, Spoken::Rtmp, false},
    Entrance{"rtmps", &config::Listen::rtmps, Spoken::Rtmp, true},
    Entrance{"rtsp", &config::Listen::rtsp, Spoken::Rtsp, false},
    Entrance{"rtsps", &config::Listen::rtsps, Spoken::Rtsp, true},
};

}  // namespace sluice::node
