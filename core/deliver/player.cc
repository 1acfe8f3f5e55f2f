// SPDX-License-Identifier: Apache-2.0
#include "deliver/player.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "http/coding.h"
#include "http/exchange.h"
#include "http/ranges.h"

namespace sluice::deliver {
namespace {

// Only what comes from here runs, nothing in the text of the page does, and no text becomes a part
// of the page. Media may come from another node, which an embedding page names; frames are allowed
// everywhere, because that is what the page is for.
constexpr const char *kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; "
    "media-src 'self' blob:; img-src data:; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'";

std::string fill_in(std::string_view page, std::string_view stream) {
  std::string out;
  for (;;) {
    std::size_t at = page.find(kStreamPlace);
    out.append(page.substr(0, at));
    if (at == std::string_view::npos) return out;
    out.append(stream);
    page.remove_prefix(at + kStreamPlace.size());
  }
}

http::Response answer(const http::Request &request, std::string_view etag, const char *type,
                      std::shared_ptr<const http::Body> body) {
  http::Response response;
  response.content_type = type;
  response.stored = http::BodyRange::whole(std::move(body));
  http::answer_as_asked(request, etag, response);
  return response;
}

// What was compiled in, sent from where it lies.
class ConstantBody final : public http::Body {
 public:
  explicit ConstantBody(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  std::size_t gather(std::uint64_t offset, std::uint64_t length,
                     std::span<iovec> pieces) const override {
    if (length == 0 || pieces.empty()) return 0;
    // The kernel only reads through an iovec.
    pieces[0] = {const_cast<char *>(bytes_.data()) + offset, static_cast<std::size_t>(length)};
    return 1;
  }

 private:
  std::string_view bytes_;
};

// A release that changes the script is seen within minutes.
http::Response asset(const http::Request &request, const PlayerAsset &asset, const char *type) {
  auto body = std::make_shared<ConstantBody>(asset.text);
  http::Response response = answer(request, asset.etag, type, std::move(body));
  response.headers.push_back({"Cache-Control", "public, max-age=300"});
  return response;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

http::Response player_page(const http::Request &request, const wire::StreamName &name) {
  auto page = std::make_shared<http::TextBody>(
      fill_in(kPlayerPage.text, escape_html(wire::to_string(name))));
  http::Response response =
      answer(request, kPlayerPage.etag, "text/html; charset=utf-8", std::move(page));
  response.headers.push_back({"Content-Security-Policy", kContentSecurityPolicy});
  response.headers.push_back({"Cache-Control", "no-cache"});
  return response;
}

http::Response player_script(const http::Request &request) {
  return asset(request, kPlayerScript, "text/javascript; charset=utf-8");
}

http::Response player_style(const http::Request &request) {
  return asset(request, kPlayerStyle, "text/css; charset=utf-8");
}

http::Response player_library(const http::Request &request, const PlayerLibrary &library) {
  // Who does not say takes anything (RFC 9110 section 12.5.3).
  if (request.find_header("Accept-Encoding") && !http::accepts_gzip(request)) {
    return http::error_response(406, "not_acceptable", "this is sent as gzip only",
                                request.correlation_id);
  }
  auto body = std::make_shared<ConstantBody>(library.gzip);
  // The name is as good as a tag, because it has the hash in it.
  http::Response response = answer(request, "\"" + std::string(library.path) + "\"",
                                   "text/javascript; charset=utf-8", std::move(body));
  response.headers.push_back({"Content-Encoding", "gzip"});
  response.headers.push_back({"Vary", "Accept-Encoding"});
  response.headers.push_back({"Cache-Control", "public, max-age=31536000, immutable"});
  return response;
}

void add_player_routes(http::Router &router, const stream::Shelf &shelf) {
  using Taken = std::unique_ptr<http::Exchange>;
  router.add(http::Method::Get, "/player.js",
             [](Taken x) { x->respond(player_script(x->request())); });
  router.add(http::Method::Get, "/player.css",
             [](Taken x) { x->respond(player_style(x->request())); });
  for (const PlayerLibrary &library : kPlayerLibraries) {
    router.add(http::Method::Get, library.path,
               [&library](Taken x) { x->respond(player_library(x->request(), library)); });
  }
  router.add(http::Method::Get, "/play/{server}/{camera}", [&shelf](Taken x) {
    const auto &asked = x->request();
    auto name = wire::StreamName::parse(asked.param("server"), asked.param("camera"),
                                        shelf.config()->stream.max_name_length);
    if (!name) {
      return x->respond_error(404, "not_found", "no such resource; players are /play/S/C");
    }
    x->respond(player_page(asked, *name));
  });
}

}  // namespace sluice::deliver
