// SPDX-License-Identifier: Apache-2.0
// What the handlers rely on of every request that comes out of a parser, whatever version of HTTP
// it was written in.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/id.h"
#include "http/exchange.h"
#include "http/head_reader.h"
#include "http/response.h"
#include "http/router.h"
#include "http/websocket_accept.h"

namespace sluice::fuzz {

// Small, so that short inputs reach them.
inline constexpr http::RequestLimits kLimits{
    .max_header_bytes = 512, .max_headers = 12, .max_target_bytes = 128, .max_body_bytes = 64};

inline bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

inline std::size_t count(const http::Request &request, std::string_view name) {
  auto is_it = [&](const http::Field &f) { return http::equal_ignoring_case(f.name, name); };
  return static_cast<std::size_t>(std::ranges::count_if(request.headers, is_it));
}

inline void check_path(std::string_view path) {
  if (path == "*") return;
  SLUICE_CHECK(path.starts_with('/') && !path.contains('\0'));
  std::string around = std::string(path) + "/";
  SLUICE_CHECK(!around.contains("/../") && !around.contains("/./"));
}

inline void check_headers(const http::Request &request) {
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
inline void check_answers(const http::Request &request) {
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

inline void check_request(const http::Request &request) {
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

}  // namespace sluice::fuzz
