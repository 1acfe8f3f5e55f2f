// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::http {
namespace {

// "/a/b" is {a, b}; "/" is {""}.
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool is_param(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

const Handler *handler_for(const std::vector<std::pair<Method, Handler>> &handlers, Method method) {
  for (const auto &[own, handler] : handlers) {
    if (own == method) return &handler;
  }
  if (method == Method::Head) return handler_for(handlers, Method::Get);
  return nullptr;
}

std::string allowed(const std::vector<std::pair<Method, Handler>> &handlers) {
  std::string list;
  for (Method method : {Method::Get, Method::Head, Method::Post, Method::Put, Method::Delete}) {
    if (handler_for(handlers, method) != nullptr) list.append(method_name(method)).append(", ");
  }
  return list + "OPTIONS";
}

}  // namespace

void Router::add(Method method, std::string_view pattern, Handler handler) {
  SLUICE_CHECK(pattern.starts_with('/'));
  std::vector<Segment> segments;
  for (std::string_view text : split(pattern)) {
    bool param = is_param(text);
    if (param) text = text.substr(1, text.size() - 2);
    segments.push_back({std::string(text), param});
  }
  auto route = std::ranges::find(routes_, segments, &Route::segments);
  if (route == routes_.end()) route = routes_.insert(routes_.end(), {std::move(segments), {}, {}});
  SLUICE_CHECK(
      std::ranges::none_of(route->handlers, [&](const auto &own) { return own.first == method; }));
  route->handlers.emplace_back(method, std::move(handler));
  route->allow = allowed(route->handlers);
}

bool Router::matches(const Route &route, const std::vector<std::string_view> &path) {
  return std::ranges::equal(route.segments, path,
                            [](const Segment &segment, std::string_view text) {
                              return segment.is_param ? !text.empty() : segment.text == text;
                            });
}

const Router::Route *Router::find(const std::vector<std::string_view> &path) const {
  auto is_vaguer = [](const Route &a, const Route &b) {
    return std::ranges::lexicographical_compare(b.segments, a.segments, {}, &Segment::is_param,
                                                &Segment::is_param);
  };
  const Route *best = nullptr;
  for (const Route &route : routes_) {
    if (matches(route, path) && (best == nullptr || is_vaguer(*best, route))) best = &route;
  }
  return best;
}

Router::Match Router::match(Method method, std::string_view path) const {
  Match match;
  if (!path.starts_with('/')) return match;
  std::vector<std::string_view> segments = split(path);
  const Route *route = find(segments);
  if (route == nullptr) return match;
  match.allow = route->allow;
  match.handler = handler_for(route->handlers, method);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!route->segments[i].is_param) continue;
    match.params.push_back({route->segments[i].text, std::string(segments[i])});
  }
  return match;
}

}  // namespace sluice::http
