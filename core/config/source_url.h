// SPDX-License-Identifier: Apache-2.0
// The URL of a camera as the configuration sees it: its shape, and how it may be shown. Reading it
// for the protocol is the wire's business; here nothing is decoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

// rtsp or rtsps, a host, a port from 1 to 65535, no blanks: what is wrong with it, never quoting
// any of it, or nothing.
std::optional<std::string> check_source_url(std::string_view text);

// The URL with its user and password, and what parameters with telling names hold, as "***". Works
// on any text: what cannot be told apart is hidden.
std::string redact_url(std::string_view text);

// The host in lower case, without port and brackets: what max_connecting_per_site counts by.
std::string site_of_url(std::string_view text);

}  // namespace sluice::config
