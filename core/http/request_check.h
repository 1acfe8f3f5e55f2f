// SPDX-License-Identifier: Apache-2.0
// What a well-formed request must also be before a handler sees it: one host, one length, one path.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/head_reader.h"
#include "http/request.h"

namespace sluice::http {

// Host, Content-Length, Transfer-Encoding and Expect of a request whose headers have been read.
std::optional<ParseError> check_fields(const Request &request, const RequestLimits &limits);

// Fills in path and query from the request target. The path is cut at slashes, decoded once, and
// refused when a segment is a dot segment or hides a slash, so that no later layer can read it
// differently.
std::optional<ParseError> read_target(std::string_view target, Request &request);

// The client's X-Correlation-ID when it is valid, else a new one.
std::string correlation_id_for(const Request &request);

}  // namespace sluice::http
