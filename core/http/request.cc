// SPDX-License-Identifier: Apache-2.0
#include "http/request.h"

#include <algorithm>

namespace sluice::http {
namespace {

bool list_has(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    if (equal_ignoring_case(wire::trim(wire::take_until(list, ',')), token)) return true;
  }
  return false;
}

}  // namespace

const char *method_name(Method method) {
  switch (method) {
    case Method::Get:
      return "GET";
    case Method::Head:
      return "HEAD";
    case Method::Options:
      return "OPTIONS";
    case Method::Post:
      return "POST";
    case Method::Put:
      return "PUT";
    case Method::Delete:
      return "DELETE";
  }
  return "";
}

std::optional<Method> method_named(std::string_view name) {
  for (Method method :
       {Method::Get, Method::Head, Method::Options, Method::Post, Method::Put, Method::Delete}) {
    if (name == method_name(method)) return method;
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::find_header(std::string_view name) const {
  for (const Field &field : headers) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::string_view Request::param(std::string_view name) const {
  for (const Field &field : params) {
    if (field.name == name) return field.value;
  }
  return {};
}

bool Request::header_has_token(std::string_view name, std::string_view token) const {
  return std::ranges::any_of(headers, [&](const Field &field) {
    return equal_ignoring_case(field.name, name) && list_has(field.value, token);
  });
}

bool Request::wants_websocket() const {
  return upgrade && header_has_token("Upgrade", "websocket");
}

std::string_view Request::bearer_token() const {
  constexpr std::string_view kScheme = "Bearer ";
  std::string_view value = find_header("Authorization").value_or("");
  if (!equal_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return {};
  return wire::trim(value.substr(kScheme.size()));
}

std::string_view Request::access_token() const {
  if (std::string_view token = bearer_token(); !token.empty()) return token;
  return query.find("access_token").value_or("");
}

}  // namespace sluice::http
