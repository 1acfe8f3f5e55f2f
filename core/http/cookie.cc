// SPDX-License-Identifier: Apache-2.0
#include "http/cookie.h"

#include <fmt/format.h>

#include "wire/text.h"

namespace sluice::http {

std::optional<std::string_view> find_cookie(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    std::string_view pair = wire::trim(wire::take_until(field, ';'));
    std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> find_cookie(const Request &request, std::string_view name) {
  for (const Field &field : request.headers) {
    if (!equal_ignoring_case(field.name, "Cookie")) continue;
    if (auto value = find_cookie(std::string_view(field.value), name)) return value;
  }
  return std::nullopt;
}

Field set_cookie(std::string_view name, std::string_view value, std::string_view path,
                 bool secure) {
  return {"Set-Cookie", fmt::format("{}={}; Path={}; HttpOnly; {}", name, value, path,
                                    secure ? "SameSite=None; Secure" : "SameSite=Lax")};
}

}  // namespace sluice::http
