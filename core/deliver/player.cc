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

http::Response coded(const http::Request &request, http::CodedText &text, const char *type,
                     const char *caching) {
  http::Response response;
  response.content_type = type;
  text.answer(request, response);
  response.headers.push_back({"Cache-Control", caching});
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
  http::CodedText page(fill_in(kPlayerPage, escape_html(wire::to_string(name))));
  http::Response response = coded(request, page, "text/html; charset=utf-8", "no-cache");
  response.headers.push_back({"Content-Security-Policy", kContentSecurityPolicy});
  return response;
}

http::Response player_text(const http::Request &request, http::CodedText &text, const char *type) {
  // A release that changes the script is seen within minutes.
  return coded(request, text, type, "public, max-age=300");
}

http::Response player_library(const http::Request &request, const PlayerLibrary &library) {
  // Who does not say takes anything (RFC 9110 section 12.5.3).
  if (request.find_header("Accept-Encoding") && !http::accepts_gzip(request)) {
    return http::error_response(406, "not_acceptable", "this is sent as gzip only",
                                request.correlation_id);
  }
  http::Response response;
  response.content_type = "text/javascript; charset=utf-8";
  response.stored = http::BodyRange::whole(std::make_shared<ConstantBody>(library.gzip));
  // The name is as good as a tag, because it has the hash in it.
  http::answer_as_asked(request, "\"" + std::string(library.path) + "\"", response);
  response.headers.push_back({"Content-Encoding", "gzip"});
  response.headers.push_back({"Vary", "Accept-Encoding"});
  response.headers.push_back({"Cache-Control", "public, max-age=31536000, immutable"});
  return response;
}

void add_player_routes(http::Router &router, const stream::Shelf &shelf) {
  using Taken = std::unique_ptr<http::Exchange>;
  auto add_text = [&](const char *path, std::string_view text, const char *type) {
    auto own = std::make_shared<http::CodedText>(std::string(text));
    router.add(http::Method::Get, path,
               [own, type](Taken x) { x->respond(player_text(x->request(), *own, type)); });
  };
  add_text("/player.js", kPlayerScript, "text/javascript; charset=utf-8");
  add_text("/player.css", kPlayerStyle, "text/css; charset=utf-8");
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
