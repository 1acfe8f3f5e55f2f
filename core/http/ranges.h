// SPDX-License-Identifier: Apache-2.0
// Conditional requests and ranges (RFC 9110 sections 13 and 14) for answers whose body is stored.
#pragma once

#include <string_view>

#include "http/request.h"
#include "http/response.h"

namespace sluice::http {

// Adds ETag. True when the client has it already (If-None-Match): then the answer, a 200 so far, is
// a 304 without a body.
bool answer_if_held(const Request &request, std::string_view etag, Response &response);

// Makes of the whole answer, a 200 with a stored body, what the request asks for: 304 when the
// client has it already, one range of it as 206, or 416. Adds ETag and Accept-Ranges. Several
// ranges at once, and what is no range of bytes, are answered with the whole.
// etag: strong, with its quotes.
void answer_as_asked(const Request &request, std::string_view etag, Response &response);

}  // namespace sluice::http
