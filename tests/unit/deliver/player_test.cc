// SPDX-License-Identifier: Apache-2.0
// The player page: what is answered, which headers guard it, and that no name becomes markup.
#include "deliver/player.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>

namespace sluice::deliver {
namespace {

std::string text_of(const http::Response &response) {
  std::string text;
  if (!response.stored.body) return text;
  std::array<iovec, 4> pieces{};
  auto used = response.stored.body->gather(response.stored.from, response.stored.size(), pieces);
  for (std::size_t i = 0; i < used; ++i)
    text.append(static_cast<const char *>(pieces[i].iov_base), pieces[i].iov_len);
  return text;
}

std::string field(const http::Response &response, std::string_view name) {
  auto it = std::ranges::find_if(
      response.headers, [&](const auto &f) { return http::equal_ignoring_case(f.name, name); });
  return it == response.headers.end() ? "" : it->value;
}

http::Response script(const http::Request &request = {}) {
  http::CodedText text{std::string(kPlayerScript)};
  return player_text(request, text, "text/javascript; charset=utf-8");
}

wire::StreamName name(std::string_view server, std::string_view camera) {
  return {.server = std::string(server), .camera = std::string(camera)};
}

TEST_SUITE("deliver") {
  TEST_CASE("player: the page names its stream and has nothing inline") {
    auto response = player_page({}, name("cams", "gate"));
    std::string page = text_of(response);
    CHECK(response.status == 200);
    CHECK(response.content_type == "text/html; charset=utf-8");
    CHECK(page.contains("data-stream=\"cams/gate\""));
    CHECK(page.contains("<title>cams/gate</title>"));
    CHECK_FALSE(page.contains(kStreamPlace));
    CHECK_FALSE(page.contains("<style"));
    CHECK_FALSE(page.contains(" style="));
    CHECK_FALSE(page.contains(" on"));
    CHECK(page.contains("<script type=\"module\" src=\"/player.js\"></script>"));
  }

  TEST_CASE("player: no character of a name becomes markup") {
    // The grammar of names refuses these before; the page does not count on it.
    std::string page = text_of(player_page({}, name("<img src=x onerror=alert(1)>", "\"'&")));
    CHECK_FALSE(page.contains("<img"));
    CHECK(page.contains("data-stream=\"&lt;img src=x onerror=alert(1)&gt;/&quot;&#39;&amp;\""));
    CHECK(escape_html("a<b>&\"'c") == "a&lt;b&gt;&amp;&quot;&#39;c");
    CHECK(escape_html("&lt;") == "&amp;lt;");
    CHECK(escape_html("") == "");
  }

  TEST_CASE("player: a name that looks like the place of names is not filled in again") {
    std::string page = text_of(player_page({}, name("{{stream}}", "x")));
    CHECK(page.contains("data-stream=\"{{stream}}/x\""));
  }

  TEST_CASE("player: the page's policy lets no script and no style run that is not ours") {
    std::string policy = field(player_page({}, name("a", "b")), "Content-Security-Policy");
    for (const char *rule :
         {"default-src 'none';", "script-src 'self';", "style-src 'self';",
          "connect-src 'self' ws: wss:;", "media-src 'self' blob:;", "base-uri 'none';"}) {
      CHECK_MESSAGE(policy.contains(rule), rule);
    }
    CHECK_FALSE(policy.contains("unsafe"));
    CHECK_FALSE(policy.contains("frame-ancestors"));
  }

  TEST_CASE("player: nothing of the query gets into the page") {
    http::Request request;
    request.query = *wire::Query::parse("access_token=s3cret-token&x=%3Cscript%3E");
    std::string page = text_of(player_page(request, name("cams", "gate")));
    CHECK_FALSE(page.contains("s3cret"));
    CHECK(page == text_of(player_page({}, name("cams", "gate"))));
  }

  TEST_CASE("player: script and style are whole, and may be kept for minutes") {
    auto response = script();
    CHECK(response.content_type == "text/javascript; charset=utf-8");
    CHECK(text_of(response).contains("customElements.define('sluice-player', SluicePlayer)"));
    CHECK(text_of(response).ends_with("export { SluicePlayer };\n"));
    CHECK(field(response, "Cache-Control") == "public, max-age=300");
    CHECK(kPlayerStyle.contains("sluice-player {"));
  }

  TEST_CASE("player: the script is packed for who takes that") {
    http::Request request;
    request.headers = {{"Accept-Encoding", "gzip, br"}};
    auto response = script(request);
    CHECK(field(response, "Content-Encoding") == "gzip");
    CHECK(text_of(response).size() < kPlayerScript.size() / 2);
  }

  TEST_CASE("player: who has the current script is told so, and who has another is sent it") {
    std::string etag = field(script(), "ETag");
    REQUIRE(etag.size() == 18);
    http::Request request;
    request.headers = {{"If-None-Match", etag}};
    auto same = script(request);
    CHECK(same.status == 304);
    CHECK(text_of(same).empty());
    request.headers = {{"If-None-Match", "\"0123456789abcdef\""}};
    CHECK(script(request).status == 200);
  }

  TEST_CASE("player: the script is one file, whose libraries are named as this build has them") {
    std::string text(kPlayerScript);
    CHECK_FALSE(text.contains("\nimport "));
    CHECK_FALSE(text.contains("{{libraries}}"));
    for (const PlayerLibrary &library : kPlayerLibraries) {
      CHECK(library.path.starts_with("/player/"));
      CHECK(text.contains(library.path.substr(1)));
    }
  }

  TEST_CASE("player: a library is sent packed, and kept for ever under its name") {
    const PlayerLibrary library{"/player/x.0123456789abcdef.js", "packed"};
    auto response = player_library({}, library);
    CHECK(response.status == 200);
    CHECK(response.content_type == "text/javascript; charset=utf-8");
    CHECK(text_of(response) == "packed");
    CHECK(field(response, "Content-Encoding") == "gzip");
    CHECK(field(response, "Vary") == "Accept-Encoding");
    CHECK(field(response, "Cache-Control") == "public, max-age=31536000, immutable");
    http::Request again;
    again.headers = {{"If-None-Match", field(response, "ETag")}};
    CHECK(player_library(again, library).status == 304);
  }

  TEST_CASE("player: a library is refused only to who says that gzip is no use") {
    auto status = [](const char *coding) {
      http::Request request;
      request.headers = {{"Accept-Encoding", coding}};
      return player_library(request, {"/player/x.0123456789abcdef.js", "packed"}).status;
    };
    CHECK(status("gzip, deflate, br, zstd") == 200);
    CHECK(status("*") == 200);
    CHECK(status("identity") == 406);
    CHECK(status("gzip;q=0, *") == 406);
  }

  TEST_CASE("player: what is built in is gzip") {
    for (const PlayerLibrary &library : kPlayerLibraries) {
      CHECK(library.gzip.starts_with("\x1f\x8b\x08"));
      CHECK(library.gzip.size() < 200'000);
    }
  }

  TEST_CASE("player: the script makes no markup of texts") {
    // What assigns these would run what a hostile text says.
    std::string text(kPlayerScript);
    for (const char *sink : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                             "eval(", "new Function", "console."}) {
      CHECK_MESSAGE(!text.contains(sink), sink);
    }
  }
}

}  // namespace
}  // namespace sluice::deliver
