// SPDX-License-Identifier: Apache-2.0
// The player page: /play/S/C, the element that it is made of, /player.js, and the page's style,
// /player.css. The texts are compiled in from core/deliver/player and are the same for every
// viewer, but for the name of the stream, which stands in the page as text. Pure, for any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "stream/shelf.h"
#include "wire/url.h"

namespace sluice::deliver {

// A text that was compiled in.
struct PlayerAsset {
  std::string_view text;
  std::string_view etag;  // with its quotes
};
extern const PlayerAsset kPlayerPage;  // with kStreamPlace where the stream's name belongs
extern const PlayerAsset kPlayerScript;
extern const PlayerAsset kPlayerStyle;

inline constexpr std::string_view kStreamPlace = "{{stream}}";

// As text or as an attribute's value, whatever the characters are.
[[nodiscard]] std::string escape_html(std::string_view text);

// The page of a stream, whether or not it is there: the page finds out and says so. Nothing of the
// query gets into it.
[[nodiscard]] http::Response player_page(const http::Request &request,
                                         const wire::StreamName &name);
[[nodiscard]] http::Response player_script(const http::Request &request);
[[nodiscard]] http::Response player_style(const http::Request &request);

// Adds the three URLs to a loop's router; the shelf is borrowed.
void add_player_routes(http::Router &router, const stream::Shelf &shelf);

}  // namespace sluice::deliver
