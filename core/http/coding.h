// SPDX-License-Identifier: Apache-2.0
// Content codings: whether a client takes gzip (RFC 9110 section 12.5.3), and gzip itself
// (RFC 1952), by zlib.
#pragma once

#include <string>
#include <string_view>

#include "http/request.h"

namespace sluice::http {

// Whether the request's Accept-Encoding likes gzip at least as much as the text as it is. Without
// the field nothing is coded.
[[nodiscard]] bool accepts_gzip(const Request &request);

// Empty when there is no memory for it.
[[nodiscard]] std::string gzip(std::string_view text);

}  // namespace sluice::http
