// SPDX-License-Identifier: Apache-2.0
#include "http/coding.h"

#include <doctest/doctest.h>

#include "http/coded_text.h"
#include "support/gunzip.h"

using namespace sluice;
using http::CodedText;
using http::Method;
using http::Request;
using http::Response;

namespace {

Request asking(std::vector<http::Field> headers, Method method = Method::Get) {
  Request request;
  request.method = method;
  request.headers = std::move(headers);
  return request;
}

bool takes_gzip(std::string value) {
  return http::accepts_gzip(asking({{"Accept-Encoding", std::move(value)}}));
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += "#EXTINF:2.00000,\n1a-" + std::to_string(i) + ".m4s\n";
  return text;
}

Response answer_to(CodedText &text, const Request &request) {
  Response response;
  text.answer(request, response);
  return response;
}

std::string field(const Response &response, std::string_view name) {
  for (const auto &own : response.headers) {
    if (own.name == name) return own.value;
  }
  return {};
}

std::string sent(const Response &response) {
  if (!response.stored.body) return {};
  return static_cast<const http::TextBody &>(*response.stored.body).text();
}

const std::vector<http::Field> kGzip{{"Accept-Encoding", "gzip"}};

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("coding: gzip is for those who ask for it, as much as for anything else") {
    for (const char *value :
         {"gzip", "GZIP", "x-gzip", "deflate, gzip", "gzip;q=1.0", "gzip;q=0.001", "gzip ; Q=0.5",
          "*", "*;q=0.1", "br, *", "gzip;q=1, identity;q=0.5", "identity;q=0, gzip;q=0.1",
          "deflate,,gzip,", "gzip;q=0.5, *;q=0"}) {
      CAPTURE(value);
      CHECK(takes_gzip(value));
    }
    for (const char *value :
         {"", "identity", "deflate", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *",
          "identity, gzip;q=0.5", "gzip;q=", "gzip;q=2", "gzip;q=1.001", "gzip;q=-1", "gzip;q=.5",
          "gzip;q=0.0001", "gzip;level=1", "gzipped", "q=1", ";q=1"}) {
      CAPTURE(value);
      CHECK_FALSE(takes_gzip(value));
    }
    CHECK_FALSE(http::accepts_gzip(asking({})));
    CHECK(http::accepts_gzip(asking({{"Accept-Encoding", "br"}, {"accept-encoding", "gzip"}})));
  }

  TEST_CASE("coding: what is gzipped is the text again") {
    for (const std::string &text : {std::string(), std::string("a"), long_text()})
      CHECK(test::gunzip(http::gzip(text)) == text);
  }

  TEST_CASE("coded text: each coding has its own tag, and caches are told what it depends on") {
    CodedText text(long_text());
    Response plain = answer_to(text, asking({}));
    CHECK(sent(plain) == long_text());
    CHECK(field(plain, "Content-Encoding").empty());
    CHECK(field(plain, "Vary") == "Accept-Encoding");
    Response coded = answer_to(text, asking(kGzip));
    CHECK(coded.stored.size() < plain.stored.size() / 3);
    CHECK(test::gunzip(sent(coded)) == long_text());
    CHECK(field(coded, "Content-Encoding") == "gzip");
    CHECK(field(coded, "Vary") == "Accept-Encoding");
    CHECK(field(coded, "ETag") != field(plain, "ETag"));
    CHECK(field(answer_to(text, asking({})), "ETag") == field(plain, "ETag"));
    CodedText other(long_text() + "\n");
    CHECK(field(answer_to(other, asking({})), "ETag") != field(plain, "ETag"));
  }

  TEST_CASE("coded text: it is compressed once, however many ask") {
    CodedText text(long_text());
    Response first = answer_to(text, asking(kGzip));
    CHECK(answer_to(text, asking(kGzip)).stored.body == first.stored.body);
  }

  TEST_CASE("coded text: a client that has it is told so, whichever coding it has") {
    CodedText text(long_text());
    for (auto headers : {std::vector<http::Field>{}, kGzip}) {
      const std::string tag = field(answer_to(text, asking(headers)), "ETag");
      headers.push_back({"If-None-Match", "W/" + tag});
      Response again = answer_to(text, asking(headers));
      CHECK(again.status == 304);
      CHECK_FALSE(again.stored.body);
      CHECK(field(again, "ETag") == tag);
      CHECK(field(again, "Vary") == "Accept-Encoding");
      CHECK(field(again, "Content-Encoding").empty());
    }
    std::string plain_tag = field(answer_to(text, asking({})), "ETag");
    auto other = kGzip;
    other.push_back({"If-None-Match", plain_tag});
    CHECK(answer_to(text, asking(other)).status == 200);
  }

  TEST_CASE("coded text: a short one is sent as it is") {
    CodedText text(std::string(199, 'a'));
    Response response = answer_to(text, asking(kGzip));
    CHECK(sent(response) == text.text());
    CHECK(field(response, "Content-Encoding").empty());
  }
}
