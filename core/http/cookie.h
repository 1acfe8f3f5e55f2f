// SPDX-License-Identifier: Apache-2.0
// Cookies (RFC 6265): the one of a name in a request, and the field that sets one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/request.h"

namespace sluice::http {

// The value of the first cookie of that name, as it stands there, in the text of a Cookie field
// (section 4.2.1). Names are compared with regard to case. Quoted values keep their quotes.
[[nodiscard]] std::optional<std::string_view> find_cookie(std::string_view field,
                                                          std::string_view name);
// The same in all of the request's Cookie fields, of which HTTP/2 may send several.
[[nodiscard]] std::optional<std::string_view> find_cookie(const Request &request,
                                                          std::string_view name);

// Set-Cookie for a cookie that lasts as long as the browser's session, goes to the paths below
// `path` only, and is not shown to scripts. Over TLS it also goes along when another site has the
// page in a frame (SameSite=None), which browsers allow only with Secure.
[[nodiscard]] Field set_cookie(std::string_view name, std::string_view value, std::string_view path,
                               bool secure);

}  // namespace sluice::http
