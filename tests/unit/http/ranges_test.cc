// SPDX-License-Identifier: Apache-2.0
#include "http/ranges.h"

#include <doctest/doctest.h>

#include <memory>

using namespace sluice;
using http::Method;
using http::Request;
using http::Response;

namespace {

const std::string kTag = "\"a-1\"";

// Ten bytes, asked for with these headers.
Response ask(std::vector<http::Field> headers, Method method = Method::Get) {
  Request request;
  request.method = method;
  request.headers = std::move(headers);
  Response response;
  response.stored = http::BodyRange::whole(std::make_shared<http::TextBody>("0123456789"));
  answer_as_asked(request, kTag, response);
  return response;
}

std::string sent(const Response &response) {
  if (!response.stored.body) return {};
  iovec piece{};
  if (response.stored.body->gather(response.stored.from, response.stored.size(), {&piece, 1}) == 0)
    return {};
  return {static_cast<const char *>(piece.iov_base), piece.iov_len};
}

std::string field(const Response &response, std::string_view name) {
  for (const auto &own : response.headers) {
    if (own.name == name) return own.value;
  }
  return {};
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("ranges: without conditions the whole is answered, with its tag") {
    Response response = ask({});
    CHECK(response.status == 200);
    CHECK(sent(response) == "0123456789");
    CHECK(field(response, "ETag") == kTag);
    CHECK(field(response, "Accept-Ranges") == "bytes");
  }

  TEST_CASE("ranges: one range of bytes is answered 206 with what it is") {
    struct Row {
      const char *range;
      const char *bytes;
      const char *content_range;
    };
    for (const Row &row : {Row{"bytes=0-3", "0123", "bytes 0-3/10"},
                           {"bytes=4-4", "4", "bytes 4-4/10"},
                           {"bytes=7-", "789", "bytes 7-9/10"},
                           {"bytes=-2", "89", "bytes 8-9/10"},
                           {"Bytes=-99", "0123456789", "bytes 0-9/10"},
                           {"bytes=8-18446744073709551615", "89", "bytes 8-9/10"},
                           {"bytes=8-99999999999999999999999", "89", "bytes 8-9/10"}}) {
      CAPTURE(row.range);
      Response response = ask({{"Range", row.range}});
      CHECK(response.status == 206);
      CHECK(sent(response) == row.bytes);
      CHECK(field(response, "Content-Range") == row.content_range);
      CHECK(response_head(response, {})
                .contains("\r\nContent-Length: " + std::to_string(sent(response).size()) + "\r\n"));
    }
  }

  TEST_CASE("ranges: a range behind the end is answered 416 with the length") {
    for (const char *range :
         {"bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99999999999999999999999-"}) {
      CAPTURE(range);
      Response response = ask({{"Range", range}});
      CHECK(response.status == 416);
      CHECK(sent(response).empty());
      CHECK(field(response, "Content-Range") == "bytes */10");
    }
  }

  TEST_CASE("ranges: what is no single range is answered with the whole") {
    for (const char *range : {"bytes=0-1,3-4", "bytes=3-1", "bytes=", "bytes=-", "bytes=a-b",
                              "bytes=+1-2", "bytes=1-2x", "bytes 1-2", "lines=1-2", ""}) {
      CAPTURE(range);
      Response response = ask({{"Range", range}});
      CHECK(response.status == 200);
      CHECK(sent(response) == "0123456789");
    }
    CHECK(ask({{"Range", "bytes=0-3"}}, Method::Head).status == 200);
  }

  TEST_CASE("ranges: who has it already is answered 304 without a body") {
    for (const char *tags : {"\"a-1\"", "W/\"a-1\"", "\"x\", \"a-1\"", "*"}) {
      CAPTURE(tags);
      Response response = ask({{"If-None-Match", tags}, {"Range", "bytes=0-3"}});
      CHECK(response.status == 304);
      CHECK(sent(response).empty());
      CHECK(field(response, "ETag") == kTag);
    }
    CHECK(ask({{"If-None-Match", "\"a-2\", a-1, \"\""}}).status == 200);
  }

  TEST_CASE("ranges: a range of another version is answered with the whole of this one") {
    CHECK(ask({{"Range", "bytes=0-3"}, {"If-Range", kTag}}).status == 206);
    CHECK(ask({{"Range", "bytes=0-3"}, {"If-Range", "\"a-0\""}}).status == 200);
    CHECK(ask({{"Range", "bytes=0-3"}, {"If-Range", "W/" + kTag}}).status == 200);
  }
}
