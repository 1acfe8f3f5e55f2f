// SPDX-License-Identifier: Apache-2.0
// Router: method and path to handler. A pattern is made of segments, each a literal or a {name}
// that takes one whole segment; of several patterns that match, the one with the earlier literal
// wins. HEAD falls back to GET. Filled before the first request, then only read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"

namespace sluice::http {

class Exchange;
using Handler = std::function<void(std::unique_ptr<Exchange>)>;

class Router {
 public:
  // pattern: "/flv", "/api/v1/sessions/{id}", "/{server}/{file}".
  void add(Method method, std::string_view pattern, Handler handler);

  struct Match {
    const Handler *handler =
        nullptr;  // null: no such path, or a method that the path does not have
    std::vector<Field> params;
    // "GET, HEAD, OPTIONS" of the path; empty when there is none. Valid while the router is.
    std::string_view allow;
  };
  [[nodiscard]] Match match(Method method, std::string_view path) const;

 private:
  struct Segment {
    std::string text;
    bool is_param = false;
    friend bool operator==(const Segment &, const Segment &) = default;
  };
  struct Route {
    std::vector<Segment> segments;
    std::vector<std::pair<Method, Handler>> handlers;
    std::string allow;  // made with the handlers
  };
  static bool matches(const Route &route, const std::vector<std::string_view> &path);
  [[nodiscard]] const Route *find(const std::vector<std::string_view> &path) const;

  std::vector<Route> routes_;
};

}  // namespace sluice::http
