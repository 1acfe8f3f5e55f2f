// SPDX-License-Identifier: Apache-2.0
// The server's side of the RFC 6455 opening handshake, as a pure check of a request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"

namespace sluice::http {

struct WebSocketAccept {
  int status =
      101;  // else 400, 403 or 426, for Exchange::respond_error with code, message and headers
  const char *code = "";
  const char *message = "";
  std::vector<Field> headers;  // for Exchange::stream_head(101, …), or for the error

  [[nodiscard]] bool ok() const { return status == 101; }
};

// allowed_origin: "*", or the one origin that a browser's request may come from. A page of this
// node's own, whose origin names the request's Host, always passes, and so does a request without
// an Origin, which does not come from a browser.
WebSocketAccept accept_websocket(const Request &request, std::string_view allowed_origin = "*");

}  // namespace sluice::http
