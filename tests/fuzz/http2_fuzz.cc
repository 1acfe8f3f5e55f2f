// SPDX-License-Identifier: Apache-2.0
// A client's bytes after the preface of HTTP/2: what becomes of them must not depend on how they
// are cut, a request that comes out must keep every promise that the handlers rely on, and answers
// to all of them must go out, or the connection end.
#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "fuzz_input.h"
#include "http/h2_request_reader.h"
#include "http/h2_session.h"
#include "http_promises.h"

namespace {

using namespace sluice;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::uint64_t kAnswer = 70'000;  // more than a window

class Stream final : public http::H2StreamEvents {
 public:
  bool on_field(std::string_view name, std::string_view value) override {
    check_alive();
    return reader_.add_field(name, value);
  }
  void on_head_end() override {
    check_alive();
    reader_.end_head();
  }
  void on_trailers() override { reader_.refuse_trailers(); }
  void on_body(std::string_view bytes) override {
    check_alive();
    reader_.add_body(bytes);
  }
  void on_request_end() override {
    check_alive();
    SLUICE_CHECK(reader_.head_ended() && !complete_);
    complete_ = true;
    if (reader_.error()) {
      seen_ = std::to_string(reader_.error()->status);
    } else {
      describe(reader_.take());
    }
  }
  void on_close() override {
    check_alive();
    closed_ = true;
  }
  std::size_t read_body(base::MutableBytes into) override {
    check_alive();
    auto size = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    std::memset(into.data(), 'x', size);
    left_ -= size;
    return size;
  }
  [[nodiscard]] std::uint64_t body_left() const override { return left_; }

  [[nodiscard]] bool waits() const { return complete_ && !closed_; }
  [[nodiscard]] const std::string &seen() const { return seen_; }

 private:
  void check_alive() const { SLUICE_CHECK(!closed_); }
  void describe(const http::Request &request) {
    fuzz::check_request(request);
    seen_.append(http::method_name(request.method)).append(" ").append(request.path);
    for (const http::Field &field : request.headers)
      seen_.append("\n").append(field.name).append(":").append(field.value);
    seen_.append("\n\n").append(request.body).append("\n");
  }

  http::H2RequestReader reader_{fuzz::kLimits};
  std::string seen_;
  std::uint64_t left_ = kAnswer;
  bool complete_ = false;
  bool closed_ = false;
};

class Connection final : http::H2SessionEvents {
 public:
  void feed(base::Bytes bytes) { session_.feed(bytes); }

  // Answers everything, and takes what goes out.
  void answer() {
    for (auto &[id, stream] : streams_) {
      http::Field field{"content-length", std::to_string(kAnswer)};
      if (stream->waits()) {
        session_.respond(id, {.status = 200, .fields = {&field, 1}, .with_body = true});
      }
    }
    std::string out;
    do {
      out.clear();
      session_.produce(out, 16 * 1024);
      SLUICE_CHECK(out.size() < 64 * 1024);
    } while (!out.empty());
  }

  [[nodiscard]] bool failed() const { return session_.failure() != nullptr; }
  [[nodiscard]] std::string seen() const {
    std::string all;
    for (const auto &[id, stream] : streams_)
      all.append(std::to_string(id)).append(" ").append(stream->seen()).append("\n");
    return all;
  }

 private:
  http::H2StreamEvents &on_stream(http::H2StreamId id) override {
    auto &stream = streams_[id];
    SLUICE_CHECK(stream == nullptr);
    stream = std::make_unique<Stream>();
    return *stream;
  }

  std::map<http::H2StreamId, std::unique_ptr<Stream>> streams_;
  http::H2Session session_{*this, fuzz::kLimits};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  fuzz::Pieces pieces(fuzz::take_byte(input));
  Connection whole;
  Connection cut;
  whole.feed(base::as_bytes(kPreface));
  cut.feed(base::as_bytes(kPreface));
  whole.feed(input);
  while (!input.empty())
    cut.feed(pieces.next(input));
  // What a connection may do depends on the clock too, but only one that does far too much.
  SLUICE_CHECK(whole.failed() || cut.failed() || whole.seen() == cut.seen());
  whole.answer();
  cut.answer();
  return 0;
}
