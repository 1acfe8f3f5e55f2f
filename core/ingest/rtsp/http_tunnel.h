// SPDX-License-Identifier: Apache-2.0
// RTSP over HTTP (the QuickTime tunnel): a GET whose answer never ends carries what the camera
// says, and the body of a POST on a second connection carries, in base64, what we say. Both name
// the same session cookie. Some cameras never answer the POST, and none need it. Pure; takes
// hostile bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::ingest::rtsp {

struct TunnelTarget {
  std::string path;  // with its query
  std::string host;  // with its port, as the Host field wants it
  std::string cookie;
  std::string authorization;  // empty when the camera has not asked for one
};

std::string tunnel_get(const TunnelTarget &target);
std::string tunnel_post(const TunnelTarget &target);

struct TunnelAnswer {
  int status = 0;
  std::size_t size = 0;      // of the head, behind which RTSP begins; 0: not complete yet
  std::string authenticate;  // the value of WWW-Authenticate, when there is one
};
// Reads the head of the answer to the GET. More than 8 KiB of it are TooLarge.
base::Result<TunnelAnswer> read_tunnel_answer(std::string_view input);

}  // namespace sluice::ingest::rtsp
