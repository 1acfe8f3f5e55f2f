// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace sluice;
using http::RequestLimits;
using http::RequestParser;

namespace {

// What comes out of a connection's bytes, in one line: "GET /a|POST /b abc" for two requests, a
// status where the bytes are refused (nothing follows it), "…" where more is needed.
std::string read_all(std::string_view input, std::size_t piece, const RequestLimits &limits = {}) {
  std::string seen;
  RequestParser parser(limits);
  while (true) {
    std::string_view part = input.substr(0, piece);
    auto [step, consumed] = parser.feed(part);
    input.remove_prefix(consumed);
    if (step == RequestParser::Step::Failed) return seen + std::to_string(parser.error().status);
    if (step == RequestParser::Step::Complete) {
      http::Request request = parser.take();
      seen.append(http::method_name(request.method)).append(" ").append(request.path);
      if (!request.body.empty()) seen.append(" ").append(request.body);
      parser = RequestParser(limits);
      if (!input.empty()) seen += "|";
    }
    if (input.empty()) return parser.started() ? seen + "…" : seen;
  }
}

http::Request read_one(std::string_view input) {
  RequestParser parser{RequestLimits{}};
  auto [step, consumed] = parser.feed(input);
  REQUIRE(step == RequestParser::Step::Complete);
  CHECK(consumed == input.size());
  return parser.take();
}

// A row's bytes are given with \n for CRLF; a real bare one is written \x01 for LF and \x02 for CR.
std::string wire_bytes(std::string_view shown) {
  std::string bytes;
  for (char c : shown) {
    if (c == '\n') {
      bytes += "\r\n";
    } else if (c == '\x01') {
      bytes += '\n';
    } else if (c == '\x02') {
      bytes += '\r';
    } else {
      bytes += c;
    }
  }
  return bytes;
}

struct Row {
  std::string_view what;
  std::string_view bytes;
  std::string_view seen;
};

constexpr Row kRows[] = {
    // Two lengths, or a length that is not one.
    {"length and chunked",
     "POST / HTTP/1.1\nHost: h\nContent-Length: 4\nTransfer-Encoding: chunked\n\n0\n\nGET /x "
     "HTTP/1.1\nHost: h\n\n",
     "400"},
    {"chunked and length",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\nContent-Length: 4\n\n0\n\n", "400"},
    {"two equal lengths", "POST / HTTP/1.1\nHost: h\nContent-Length: 3\nContent-Length: 3\n\nabc",
     "400"},
    {"two lengths", "POST / HTTP/1.1\nHost: h\nContent-Length: 3\nContent-Length: 9\n\nabc", "400"},
    {"a list of lengths", "POST / HTTP/1.1\nHost: h\nContent-Length: 3, 3\n\nabc", "400"},
    {"a signed length", "POST / HTTP/1.1\nHost: h\nContent-Length: +3\n\nabc", "400"},
    {"a negative length", "POST / HTTP/1.1\nHost: h\nContent-Length: -1\n\n", "400"},
    {"a hexadecimal length", "POST / HTTP/1.1\nHost: h\nContent-Length: 0x3\n\nabc", "400"},
    {"an empty length", "POST / HTTP/1.1\nHost: h\nContent-Length:\n\n", "400"},
    {"a length with a space inside", "POST / HTTP/1.1\nHost: h\nContent-Length: 1 1\n\nabc", "400"},
    {"a length with a fraction", "POST / HTTP/1.1\nHost: h\nContent-Length: 3.0\n\nabc", "400"},
    {"a length of 2^64", "POST / HTTP/1.1\nHost: h\nContent-Length: 18446744073709551616\n\n",
     "400"},
    {"a length of 2^64-1", "POST / HTTP/1.1\nHost: h\nContent-Length: 18446744073709551615\n\n",
     "413"},
    {"a length of 2^32", "POST / HTTP/1.1\nHost: h\nContent-Length: 4294967296\n\n", "413"},
    {"a length over the limit", "POST / HTTP/1.1\nHost: h\nContent-Length: 65537\n\n", "413"},
    {"a length in another letter case",
     "POST / HTTP/1.1\nHost: h\ncONTENT-lENGTH: 3\n\nabcGET /x HTTP/1.1\nHost: h\n\n",
     "POST / abc|GET /x"},
    {"a length with zeros in front", "POST / HTTP/1.1\nHost: h\nContent-Length: 003\n\nabc",
     "POST / abc"},
    {"a length on GET",
     "GET / HTTP/1.1\nHost: h\nContent-Length: 3\n\nabcGET /x HTTP/1.1\nHost: h\n\n",
     "GET / abc|GET /x"},
    // Spellings of Transfer-Encoding.
    {"chunked",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\nGET /x HTTP/1.1\nHost: "
     "h\n\n",
     "POST / abc|GET /x"},
    {"chunked in another letter case",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: cHuNkEd\n\n3\nabc\n0\n\n", "POST / abc"},
    {"xchunked", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: xchunked\n\n0\n\n", "400"},
    {"chunked, then identity",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked, identity\n\n0\n\n", "400"},
    {"gzip, chunked", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: gzip, chunked\n\n0\n\n", "501"},
    {"chunked twice in a list",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked, chunked\n\n0\n\n", "400"},
    {"chunked in two headers",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n0\n\n",
     "400"},
    {"identity hidden behind chunked",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\nTransfer-Encoding: identity\n\n0\n\n",
     "400"},
    {"a quoted chunked", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: \"chunked\"\n\n0\n\n",
     "400"},
    {"an empty encoding", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding:\n\n", "501"},
    {"a vertical tab before chunked",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: \x0b"
     "chunked\n\n0\n\n",
     "400"},
    {"a space before the colon", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding : chunked\n\n0\n\n",
     "400"},
    {"a tab before the colon", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding\t: chunked\n\n0\n\n",
     "400"},
    {"chunked in HTTP/1.0", "POST / HTTP/1.0\nHost: h\nTransfer-Encoding: chunked\n\n0\n\n", "400"},
    {"chunked on a folded line", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding:\n chunked\n\n0\n\n",
     "400"},
    // The grammar of chunks.
    {"a chunk extension",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3;a=b\nabc\n0\n\n", "POST / abc"},
    {"a bare LF in a chunk extension",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3;a\x01"
     "b\nabc\n0\n\n",
     "400"},
    {"a bare CR in a chunk extension",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3;a\x02"
     "b\nabc\n0\n\n",
     "400"},
    {"a bare LF after the chunk size",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\x01"
     "abc\n0\n\n",
     "400"},
    {"a bare LF after the chunk",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\nabc\x01"
     "0\n\n",
     "400"},
    {"other bytes where a chunk should end",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\nabcdd0\n\n", "400"},
    {"a chunk size with 0x",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n0x3\nabc\n0\n\n", "400"},
    {"a signed chunk size",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n+3\nabc\n0\n\n", "400"},
    {"a negative chunk size",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n-3\nabc\n0\n\n", "400"},
    {"a chunk size that wraps",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n10000000000000003\nabc\n0\n\n",
     "400"},
    {"an empty chunk size", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n\nabc\n0\n\n",
     "400"},
    {"a space after the chunk size",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3 \nabc\n0\n\n", "400"},
    {"a trailer", "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\nabc\n0\nX: y\n\n",
     "400"},
    {"a Content-Length trailer",
     "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n0\nContent-Length: 50\n\n", "400"},
    // Lines and names.
    {"a folded header", "GET / HTTP/1.1\nHost: h\nX: a\n b\n\n", "400"},
    {"a folded header, by tab", "GET / HTTP/1.1\nHost: h\nX: a\n\tb\n\n", "400"},
    {"a space before the first header", "GET / HTTP/1.1\n Host: h\n\n", "400"},
    {"a bare LF after the request line", "GET / HTTP/1.1\x01Host: h\n\n", "400"},
    {"a bare LF after a header", "GET / HTTP/1.1\nHost: h\x01X: y\n\n", "400"},
    {"a bare LF as the empty line", "GET / HTTP/1.1\nHost: h\n\x01", "400"},
    {"a bare CR after a header", "GET / HTTP/1.1\nHost: h\x02X: y\n\n", "400"},
    {"a bare CR in a value",
     "GET / HTTP/1.1\nHost: h\nX: a\x02"
     "b\n\n",
     "400"},
    {"two CRs", "GET / HTTP/1.1\nHost: h\x02\n\n", "400"},
    {"an empty name", "GET / HTTP/1.1\nHost: h\n: y\n\n", "400"},
    {"a line without a colon", "GET / HTTP/1.1\nHost: h\nX\n\n", "400"},
    {"a space in a name", "GET / HTTP/1.1\nHost: h\nX Y: z\n\n", "400"},
    {"a NUL-like control byte in a name", "GET / HTTP/1.1\nHost: h\nX\x03: z\n\n", "400"},
    {"a control byte in a value", "GET / HTTP/1.1\nHost: h\nX: \x04\n\n", "400"},
    {"a DEL in a value", "GET / HTTP/1.1\nHost: h\nX: \x7f\n\n", "400"},
    {"bytes above ASCII in a value", "GET / HTTP/1.1\nHost: h\nX: \xc3\xa4\n\n", "GET /"},
    {"bytes above ASCII in a name", "GET / HTTP/1.1\nHost: h\n\xc3\xa4: y\n\n", "400"},
    {"an empty value", "GET / HTTP/1.1\nHost: h\nX:\nY: \n\n", "GET /"},
    // Hosts.
    {"no Host", "GET / HTTP/1.1\nX: y\n\n", "400"},
    {"no header at all", "GET / HTTP/1.1\n\n", "400"},
    {"two Hosts", "GET / HTTP/1.1\nHost: a\nHost: b\n\n", "400"},
    {"two equal Hosts", "GET / HTTP/1.1\nHost: a\nhost: a\n\n", "400"},
    {"an empty Host", "GET / HTTP/1.1\nHost:\n\n", "400"},
    {"a Host with a path", "GET / HTTP/1.1\nHost: a/b\n\n", "400"},
    {"a Host with a user", "GET / HTTP/1.1\nHost: a@b\n\n", "400"},
    {"a Host with a space", "GET / HTTP/1.1\nHost: a b\n\n", "400"},
    {"no Host in HTTP/1.0", "GET / HTTP/1.0\n\n", "GET /"},
    {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\nHost: a\nHost: b\n\n", "400"},
    // The request line.
    {"HTTP/0.9", "GET /\n", "400"},
    {"HTTP/0.9 by number", "GET / HTTP/0.9\nHost: h\n\n", "505"},
    {"HTTP/2 in the clear", "PRI * HTTP/2.0\n\nSM\n\n", "505"},
    {"HTTP/1.2", "GET / HTTP/1.2\nHost: h\n\n", "505"},
    {"a version of three digits", "GET / HTTP/1.10\nHost: h\n\n", "400"},
    {"a version in lower case", "GET / http/1.1\nHost: h\n\n", "400"},
    {"two spaces before the target", "GET  / HTTP/1.1\nHost: h\n\n", "400"},
    {"two spaces before the version", "GET /  HTTP/1.1\nHost: h\n\n", "400"},
    {"a tab instead of a space", "GET\t/ HTTP/1.1\nHost: h\n\n", "400"},
    {"a space at the end", "GET / HTTP/1.1 \nHost: h\n\n", "400"},
    {"a request smuggled in the target",
     "GET / HTTP/1.1\nHost: h\n\nGET /a HTTP/1.1 /b HTTP/1.1\nHost: h\n\n", "GET /|400"},
    {"a method in lower case", "get / HTTP/1.1\nHost: h\n\n", "501"},
    {"an unknown method", "BREW / HTTP/1.1\nHost: h\n\n", "501"},
    {"CONNECT", "CONNECT h:80 HTTP/1.1\nHost: h\n\n", "405"},
    {"TRACE", "TRACE / HTTP/1.1\nHost: h\n\n", "405"},
    {"PATCH", "PATCH / HTTP/1.1\nHost: h\nContent-Length: 3\n\nabc", "405"},
    {"an empty line first", "\nGET / HTTP/1.1\nHost: h\n\n", "GET /"},
    {"two empty lines first", "\n\nGET / HTTP/1.1\nHost: h\n\n", "400"},
    {"a bare LF first", "\x01GET / HTTP/1.1\nHost: h\n\n", "400"},
    {"a space first", " GET / HTTP/1.1\nHost: h\n\n", "400"},
    {"a TLS hello", "\x16\x03\x03", "400"},
    {"an RTMP handshake", "\x03\x05\x05", "400"},
    // Targets.
    {"the absolute form", "GET http://h/a HTTP/1.1\nHost: h\n\n", "GET /a"},
    {"the absolute form without a path", "GET http://h?x=1 HTTP/1.1\nHost: h\n\n", "GET /"},
    {"the absolute form of another host", "GET http://g/a HTTP/1.1\nHost: h\n\n", "400"},
    {"the absolute form with a user", "GET http://u@h/a HTTP/1.1\nHost: h\n\n", "400"},
    {"the absolute form of another scheme", "GET ftp://h/a HTTP/1.1\nHost: h\n\n", "400"},
    {"the authority form", "GET h:80 HTTP/1.1\nHost: h\n\n", "400"},
    {"the asterisk form of OPTIONS", "OPTIONS * HTTP/1.1\nHost: h\n\n", "OPTIONS *"},
    {"the asterisk form of GET", "GET * HTTP/1.1\nHost: h\n\n", "400"},
    {"a fragment", "GET /a#b HTTP/1.1\nHost: h\n\n", "400"},
    {"bytes above ASCII in the target", "GET /\xc3\xa4 HTTP/1.1\nHost: h\n\n", "400"},
    {"a dot segment", "GET /a/../b HTTP/1.1\nHost: h\n\n", "400"},
    {"an escaped dot segment", "GET /a/%2e%2E/b HTTP/1.1\nHost: h\n\n", "400"},
    {"a single dot", "GET /./b HTTP/1.1\nHost: h\n\n", "400"},
    {"an escaped slash", "GET /a%2fb HTTP/1.1\nHost: h\n\n", "400"},
    {"an escaped NUL", "GET /a%00b HTTP/1.1\nHost: h\n\n", "400"},
    {"half an escape", "GET /a%2 HTTP/1.1\nHost: h\n\n", "400"},
    {"an escape of an escape", "GET /a%252e%252e HTTP/1.1\nHost: h\n\n", "GET /a%2e%2e"},
    {"a wrong escape in the query", "GET /a?b=%zz HTTP/1.1\nHost: h\n\n", "400"},
    // Where the next request begins.
    {"two requests", "GET /a HTTP/1.1\nHost: h\n\nGET /b HTTP/1.1\nHost: h\n\n", "GET /a|GET /b"},
    {"an empty line after a body",
     "POST /a HTTP/1.1\nHost: h\nContent-Length: 1\n\nx\nGET /b HTTP/1.1\nHost: h\n\n",
     "POST /a x|GET /b"},
    {"a body longer than its length",
     "POST /a HTTP/1.1\nHost: h\nContent-Length: 1\n\nxyz HTTP/1.1\nHost: h\n\n", "POST /a x|400"},
    {"bytes after a refused request", "GET /a HTTP/1.1\n\nGET /b HTTP/1.1\nHost: h\n\n", "400"},
    {"a body that is not there yet", "POST /a HTTP/1.1\nHost: h\nContent-Length: 3\n\nab", "…"},
    {"an upgrade to HTTP/2, not taken",
     "GET /a HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: h2c\n\nGET /b HTTP/1.1\nHost: h\n\n",
     "GET /a|GET /b"},
    {"an upgrade with a body",
     "POST /a HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: h2c\nContent-Length: 2\n\nxyGET /b "
     "HTTP/1.1\nHost: h\n\n",
     "POST /a xy|GET /b"},
    {"an unknown expectation", "GET / HTTP/1.1\nHost: h\nExpect: 200-ok\n\n", "417"},
};

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("request parser: every way to smuggle a request is refused or has one meaning") {
    CHECK(std::size(kRows) >= 60);
    for (const Row &row : kRows) {
      INFO(row.what);
      CHECK(read_all(wire_bytes(row.bytes), std::string::npos) == row.seen);
    }
  }

  TEST_CASE("request parser: the meaning does not depend on how the bytes are cut") {
    for (const Row &row : kRows) {
      INFO(row.what);
      for (std::size_t piece = 1; piece < 40; ++piece) {
        CHECK(read_all(wire_bytes(row.bytes), piece) == row.seen);
      }
    }
  }

  TEST_CASE("request parser: no prefix of a valid request is an error or a request") {
    std::string whole = wire_bytes(
        "POST http://h/a?b=c HTTP/1.1\nHost: h\nX: y\nTransfer-Encoding: "
        "chunked\n\n3;x=y\nabc\n0\n\n");
    for (std::size_t size = 1; size < whole.size(); ++size) {
      CHECK(read_all(std::string_view(whole).substr(0, size), std::string::npos) == "…");
    }
    CHECK(read_all(whole, std::string::npos) == "POST /a abc");
  }

  TEST_CASE("request parser: a request has its parts") {
    http::Request request = read_one(
        "GET /c%61ms/gate.flv?access_token=s%20t&x HTTP/1.1\r\nHost: h:80\r\nX-A:  b c \t\r\n"
        "X-Correlation-ID: abc-1\r\nEmpty:\r\n\r\n");
    CHECK(request.path == "/cams/gate.flv");
    CHECK(request.query.find("access_token") == "s t");
    CHECK(request.query.find("x") == "");
    CHECK(request.find_header("x-a") == "b c");
    CHECK(request.find_header("empty") == "");
    CHECK_FALSE(request.find_header("missing").has_value());
    CHECK(request.correlation_id == "abc-1");
    CHECK(request.keep_alive);
    CHECK_FALSE(request.upgrade);
  }

  TEST_CASE("request parser: a correlation id that is not valid is replaced") {
    for (std::string bad : {"a b", "<script>", ""}) {
      http::Request request =
          read_one("GET / HTTP/1.1\r\nHost: h\r\nX-Correlation-ID: " + bad + "\r\n\r\n");
      CHECK(request.correlation_id != bad);
      CHECK(request.correlation_id.size() == 32);
    }
  }

  TEST_CASE("request parser: keeping the connection is the client's wish by version and header") {
    CHECK(read_one("GET / HTTP/1.1\r\nHost: h\r\n\r\n").keep_alive);
    CHECK_FALSE(read_one("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").keep_alive);
    CHECK_FALSE(read_one("GET / HTTP/1.0\r\n\r\n").keep_alive);
    CHECK(read_one("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
  }

  TEST_CASE("request parser: heads over a limit are refused before they end") {
    RequestLimits limits;
    std::string long_target = "GET /" + std::string(5000, 'a');
    CHECK(read_all(long_target, std::string::npos) == "414");
    CHECK(read_all(long_target, 7) == "414");
    std::string just_over = "GET /" + std::string(4096, 'a') + " HTTP/1.1\r\n";
    CHECK(read_all(just_over, std::string::npos) == "414");
    std::string large =
        "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(limits.max_header_bytes, 'x');
    CHECK(read_all(large, std::string::npos) == "431");
    std::string many = "GET / HTTP/1.1\r\n";
    for (std::size_t i = 0; i <= limits.max_headers; ++i)
      many += "X: y\r\n";
    CHECK(read_all(many, std::string::npos) == "431");
  }

  TEST_CASE("request parser: a body over the limit is refused, chunked too") {
    RequestLimits limits;
    limits.max_body_bytes = 8;
    std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(read_all(head + "8\r\n12345678\r\n0\r\n\r\n", 5, limits) == "POST / 12345678");
    CHECK(read_all(head + "9\r\n123456789\r\n0\r\n\r\n", 5, limits) == "413");
    CHECK(read_all(head + "5\r\n12345\r\n5\r\n12345\r\n0\r\n\r\n", 5, limits) == "413");
    std::string extension = "1;" + std::string(2000, 'x');
    CHECK(read_all(head + extension, 500, limits) == "413");
  }

  TEST_CASE("request parser: a client that expects 100 is told to go on, once") {
    RequestParser parser{RequestLimits{}};
    std::string_view head =
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    CHECK(parser.feed(head).step == RequestParser::Step::SendContinue);
    CHECK(parser.feed("ab").step == RequestParser::Step::NeedMore);
    CHECK(parser.feed("c").step == RequestParser::Step::Complete);
    CHECK(parser.take().body == "abc");

    RequestParser impatient{RequestLimits{}};
    CHECK(impatient.feed(std::string(head) + "abc").step == RequestParser::Step::Complete);
  }

  TEST_CASE("request parser: where only numeric hosts are wanted, names are misdirected") {
    RequestLimits limits;
    limits.numeric_host_only = true;
    auto seen = [&](const std::string &host) {
      return read_all("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n", std::string::npos, limits);
    };
    for (const char *good : {"127.0.0.1:9090", "127.0.0.1", "[::1]:9090", "[::1]", "LocalHost:1"}) {
      CHECK(seen(good) == "GET /");
    }
    for (const char *bad : {"evil.example:9090", "localhost.evil.example", "127.0.0.1.nip.io"}) {
      CHECK(seen(bad) == "421");
    }
  }
}
