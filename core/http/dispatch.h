// SPDX-License-Identifier: Apache-2.0
// What becomes of a request that was read, the same in every version of HTTP.
#pragma once

#include <memory>

#include "http/exchange.h"
#include "http/router.h"
#include "http/server.h"

namespace sluice::http {

// Methods that are known here, for Allow.
inline constexpr const char *kAllMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

// Hands the request to its handler, or answers it where there is none. current: where the host
// remembers the exchange that it will have to abort, set before the handler is called.
void dispatch(const Router &router, const ServerOptions &options, ExchangeHost &host,
              Request request, Exchange *&current);

// Stands for a request that is answered without having been read.
Request unread_request(const net::Address &peer, std::string correlation_id);

// The answer to what was not understood.
Response parse_error_response(const ParseError &error, const std::string &correlation_id);

// The line about an answer, at level debug. Without the query, which may carry a token.
void log_answer(const Request &request, int status);

// Whether the answer's body goes with it.
bool sends_body(const Request &request, const Response &response);

}  // namespace sluice::http
