// SPDX-License-Identifier: Apache-2.0
// The player page: /play/S/C, the element that it is made of, /player.js, the page's style,
// /player.css, and the libraries that the script loads when a browser needs them. All is compiled
// in and is the same for every viewer, but for the name of the stream, which stands in the page as
// text. Made of nothing that changes; what add_player_routes adds lives on the router's loop.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "http/coded_text.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "stream/shelf.h"
#include "wire/url.h"

namespace sluice::deliver {

// Of other people's, from the build's option player_libraries.
struct PlayerLibrary {
  std::string_view path;  // "/player/<name>.<hash>.js": another one with every change
  std::string_view gzip;  // a JavaScript module in gzip's coding, the only one that is kept
};
extern const std::string_view kPlayerPage;  // with kStreamPlace where the stream's name belongs
extern const std::string_view kPlayerScript;
extern const std::string_view kPlayerStyle;
extern const std::span<const PlayerLibrary> kPlayerLibraries;  // empty when it was built without

inline constexpr std::string_view kStreamPlace = "{{stream}}";

// As text or as an attribute's value, whatever the characters are.
[[nodiscard]] std::string escape_html(std::string_view text);

// The page of a stream, whether or not it is there: the page finds out and says so. Nothing of the
// query gets into it.
[[nodiscard]] http::Response player_page(const http::Request &request,
                                         const wire::StreamName &name);
// The script or the style, of which each loop has its own, compressed once.
[[nodiscard]] http::Response player_text(const http::Request &request, http::CodedText &text,
                                         const char *type);
// For whoever takes gzip, which all browsers do; 406 for those who say that they do not.
[[nodiscard]] http::Response player_library(const http::Request &request,
                                            const PlayerLibrary &library);

// Adds these URLs to a loop's router; the shelf is borrowed.
void add_player_routes(http::Router &router, const stream::Shelf &shelf);

}  // namespace sluice::deliver
