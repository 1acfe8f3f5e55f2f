// SPDX-License-Identifier: Apache-2.0
#include "http/h2_session.h"

#include <doctest/doctest.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support/h2_client.h"

using namespace sluice;
using test::H2Client;

namespace {

class Stream final : public http::H2StreamEvents {
 public:
  bool on_field(std::string_view, std::string_view) override { return true; }
  void on_head_end() override {}
  void on_trailers() override {}
  void on_body(std::string_view) override {}
  void on_request_end() override {}
  void on_close() override {}
  std::size_t read_body(base::MutableBytes) override { return 0; }
  [[nodiscard]] std::uint64_t body_left() const override { return 0; }
};

class Streams final : public http::H2SessionEvents {
 public:
  http::H2StreamEvents &on_stream(http::H2StreamId) override {
    all_.push_back(std::make_unique<Stream>());
    return *all_.back();
  }

 private:
  std::vector<std::unique_ptr<Stream>> all_;
};

std::string opening() {
  return std::string(NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN) +
         H2Client::frame(NGHTTP2_SETTINGS, 0, 0, "");
}

// Requests with "connection", which no request of HTTP/2 may have.
std::string malformed_requests(std::uint32_t first, int count) {
  std::string block =
      "\x82\x87\x84\x41\x01h\x40\x0a"
      "connection\x05"
      "close";
  std::string frames;
  for (int i = 0; i < count; ++i)
    frames += H2Client::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM,
                              first + 2 * static_cast<std::uint32_t>(i), block);
  return frames;
}

// The types of all frames.
std::string types_of(std::string_view frames) {
  std::string types;
  while (frames.size() >= 9) {
    auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(frames[at]); };
    std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
    types.push_back(frames[3]);
    frames.remove_prefix(std::min(9 + size, frames.size()));
  }
  return types;
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("http2 session: a malformed request is reset once") {
    Streams streams;
    http::H2Session session(streams, {});
    session.feed(base::as_bytes(opening() + malformed_requests(1, 1)));
    std::string out;
    session.produce(out, 64 * 1024);
    CHECK(std::ranges::count(types_of(out), char{NGHTTP2_RST_STREAM}) == 1);
    CHECK(session.failure() == nullptr);
  }

  TEST_CASE("http2 session: resets that use up the budget are followed by their GOAWAY at once") {
    Streams streams;
    http::H2Session session(streams, {});
    std::string out;
    session.feed(base::as_bytes(opening() + malformed_requests(1, 60)));
    session.produce(out, 64 * 1024);
    CHECK(session.failure() == nullptr);
    session.feed(base::as_bytes(malformed_requests(121, 60)));
    out.clear();
    session.produce(out, 64 * 1024);
    CHECK(session.failure() != nullptr);
    CHECK(types_of(out).back() == char{NGHTTP2_GOAWAY});
    CHECK(session.done());
  }
}
