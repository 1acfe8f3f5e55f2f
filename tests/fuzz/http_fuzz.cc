// SPDX-License-Identifier: Apache-2.0
// A client's bytes: what the request parser makes of them must not depend on how they are cut, and
// a request that comes out must keep every promise that the handlers rely on.
#include <algorithm>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/id.h"
#include "fuzz_input.h"
#include "http/exchange.h"
#include "http/request_parser.h"
#include "http/response.h"
#include "http/router.h"
#include "http/websocket_accept.h"

namespace {

using namespace sluice;
using http::Request;
using http::RequestLimits;
using http::RequestParser;

// Small, so that short inputs reach them.
constexpr RequestLimits kLimits{
    .max_header_bytes = 512, .max_headers = 12, .max_target_bytes = 128, .max_body_bytes = 64};

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

std::size_t count(const Request &request, std::string_view name) {
  auto is_it = [&](const http::Field &f) { return http::equal_ignoring_case(f.name, name); };
  return static_cast<std::size_t>(std::ranges::count_if(request.headers, is_it));
}

void check_path(std::string_view path) {
  if (path == "*") return;
  SLUICE_CHECK(path.starts_with('/') && !path.contains('\0'));
  std::string around = std::string(path) + "/";
  SLUICE_CHECK(!around.contains("/../") && !around.contains("/./"));
}

void check_headers(const Request &request) {
  SLUICE_CHECK(request.headers.size() <= kLimits.max_headers);
  SLUICE_CHECK(count(request, "Host") <= 1);
  SLUICE_CHECK(count(request, "Content-Length") + count(request, "Transfer-Encoding") <= 1);
  if (request.minor_version == 1) SLUICE_CHECK(count(request, "Host") == 1);
  if (request.minor_version == 0) SLUICE_CHECK(count(request, "Transfer-Encoding") == 0);
  for (const http::Field &field : request.headers) {
    SLUICE_CHECK(!field.name.empty() && std::ranges::all_of(field.name, http::is_token_character));
    SLUICE_CHECK(!has_control(field.value));
    SLUICE_CHECK(!field.value.starts_with(' ') && !field.value.ends_with(' '));
  }
}

// No text of the client's can end a line of an answer's head.
void check_answers(const Request &request) {
  auto accept = http::accept_websocket(request, "https://a.example");
  if (accept.ok()) SLUICE_CHECK(http::accept_websocket(request).ok());
  auto headers = accept.headers;
  for (const http::Field &field : request.headers)
    headers.push_back({"X-Echo", field.value});
  headers.push_back({"X-Echo", request.path});
  http::HeadContext context{.cors_origin = "*", .correlation_id = request.correlation_id};
  std::string head = http::stream_response_head(accept.status, headers, context);
  SLUICE_CHECK(head.find("\r\n\r\n") == head.size() - 4);
  // Every line is the status, a field that is always there, or one of ours.
  std::string bare = http::stream_response_head(accept.status, {}, context);
  auto lines = [](const std::string &text) { return std::ranges::count(text, '\n'); };
  SLUICE_CHECK(lines(head) == lines(bare) + static_cast<std::ptrdiff_t>(headers.size()));
}

void check_request(const Request &request) {
  static const http::Router router = [] {
    http::Router made;
    for (const char *pattern : {"/", "/flv", "/{server}/{file}", "/api/v1/sessions/{id}"})
      made.add(http::Method::Get, pattern, [](auto) {});
    return made;
  }();
  check_path(request.path);
  check_headers(request);
  SLUICE_CHECK(request.body.size() <= kLimits.max_body_bytes);
  SLUICE_CHECK(base::is_valid_correlation_id(request.correlation_id));
  auto match = router.match(request.method, request.path);
  for (const http::Field &param : match.params)
    SLUICE_CHECK(!param.value.empty() && !param.value.contains('/'));
  check_answers(request);
}

// Everything that a connection's bytes mean, in one text.
class Reader {
 public:
  void feed(std::string_view piece) {
    while (!piece.empty() && !failed_) {
      auto [step, consumed] = parser_.feed(piece);
      piece.remove_prefix(consumed);
      if (step == RequestParser::Step::Failed) {
        failed_ = true;
        seen_ += std::to_string(parser_.error().status);
      } else if (step == RequestParser::Step::Complete) {
        end_request(parser_.take());
        parser_ = RequestParser(kLimits);
      } else {
        SLUICE_CHECK(consumed > 0);
      }
    }
  }
  [[nodiscard]] std::string seen() const {
    return seen_ + (!failed_ && parser_.started() ? " unfinished" : "");
  }

 private:
  void end_request(const Request &request) {
    check_request(request);
    seen_.append(http::method_name(request.method)).append(" ").append(request.path);
    for (const http::Field &field : request.headers)
      seen_.append("\n").append(field.name).append(":").append(field.value);
    seen_.append("\n\n").append(request.body).append("\n");
    seen_.append(request.keep_alive ? "kept" : "closed").append(request.upgrade ? " up\n" : "\n");
  }

  RequestParser parser_{kLimits};
  std::string seen_;
  bool failed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  fuzz::Pieces pieces(fuzz::take_byte(input));
  Reader whole;
  whole.feed(base::as_text(input));
  Reader cut;
  while (!input.empty())
    cut.feed(base::as_text(pieces.next(input)));
  SLUICE_CHECK(whole.seen() == cut.seen());
  return 0;
}
