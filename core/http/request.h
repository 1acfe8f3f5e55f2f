// SPDX-License-Identifier: Apache-2.0
// Request: one HTTP request as a plain value, after every check: the method is one of ours, the
// path is decoded once and holds no dot segments, and there is exactly one meaning to where the
// message ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "wire/text.h"
#include "wire/url.h"

namespace sluice::http {

enum class Method : std::uint8_t { Get, Head, Options, Post, Put, Delete };

const char *method_name(Method method);
std::optional<Method> method_named(std::string_view name);  // one of ours, or nothing

// A header field or a path parameter.
struct Field {
  std::string name;
  std::string value;
};

struct Request {
  Method method = Method::Get;
  int minor_version = 1;       // HTTP/1.0 or HTTP/1.1
  std::string path;            // decoded; for logs, together with the method
  wire::Query query;           // may carry a token, so never logged
  std::vector<Field> params;   // what the route's {names} matched
  std::vector<Field> headers;  // in order of arrival; may carry a token, so never logged
  std::string body;
  net::Address peer;
  bool secure = false;         // it came over TLS
  std::string correlation_id;  // the client's when it is valid, else made
  bool keep_alive = true;      // what the client wishes
  bool upgrade = false;        // Connection: upgrade together with an Upgrade field

  // First value, or nothing. Header names are compared without regard to case.
  [[nodiscard]] std::optional<std::string_view> find_header(std::string_view name) const;
  // The route's parameter, which is there when the route's pattern has it; else empty.
  [[nodiscard]] std::string_view param(std::string_view name) const;

  // True when the comma-separated list in header `name` holds `token`, without regard to case.
  [[nodiscard]] bool header_has_token(std::string_view name, std::string_view token) const;

  // The client asks for RFC 6455; websocket_accept.h says whether it asks correctly.
  [[nodiscard]] bool wants_websocket() const;

  // "Authorization: Bearer …", else the query's access_token, else empty. Never to be logged.
  [[nodiscard]] std::string_view bearer_token() const;  // header only: the admin API takes no other
  [[nodiscard]] std::string_view access_token() const;  // header, else query
};

using wire::equal_ignoring_case;

}  // namespace sluice::http
