// SPDX-License-Identifier: Apache-2.0
#include "http/request_check.h"

#include <algorithm>
#include <charconv>

#include "base/id.h"
#include "net/address.h"
#include "wire/url.h"

namespace sluice::http {
namespace {

using MaybeError = std::optional<ParseError>;

std::size_t count(const Request &request, std::string_view name) {
  auto is_it = [&](const Field &field) { return equal_ignoring_case(field.name, name); };
  return static_cast<std::size_t>(std::ranges::count_if(request.headers, is_it));
}

bool is_host_character(char c) {
  // unreserved, sub-delims, percent, colon and the brackets of an IPv6 address (RFC 3986
  // section 3.2.2).
  bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || std::string_view("-._~!$&'()*+,;=%:[]").contains(c);
}

// The host of "host:port", whose port may be missing.
std::string_view without_port(std::string_view host) {
  std::size_t colon = host.rfind(':');
  std::size_t bracket = host.rfind(']');
  if (colon == std::string_view::npos) return host;
  if (bracket != std::string_view::npos && bracket > colon) return host;
  return host.substr(0, colon);
}

bool is_numeric_or_localhost(std::string_view host) {
  std::string_view name = without_port(host);
  if (equal_ignoring_case(name, "localhost")) return true;
  return net::Address::parse(std::string(name) + ":0").has_value();
}

MaybeError check_host(const Request &request, bool numeric_only) {
  std::size_t hosts = count(request, "Host");
  if (hosts > 1) return bad_request("more than one Host header");
  if (hosts == 0) {
    if (request.minor_version >= 1) return bad_request("no Host header");
    return std::nullopt;
  }
  std::string_view host = *request.find_header("Host");
  if (host.empty() || !std::ranges::all_of(host, is_host_character)) {
    return bad_request("the Host header is not a host");
  }
  if (numeric_only && !is_numeric_or_localhost(host)) {
    return ParseError{421, "misdirected_request", "reach this address by number or as localhost"};
  }
  return std::nullopt;
}

MaybeError check_length(const Request &request, std::size_t max_body_bytes) {
  std::size_t lengths = count(request, "Content-Length");
  if (lengths == 0) return std::nullopt;
  if (lengths > 1) return bad_request("more than one Content-Length header");
  std::string_view text = *request.find_header("Content-Length");
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !std::ranges::all_of(text, is_digit)) {
    return bad_request("Content-Length is not a number");
  }
  std::uint64_t length = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc{} || length > max_body_bytes) {
    return ParseError{413, "body_too_large", "the request's body is too large"};
  }
  return std::nullopt;
}

MaybeError check_transfer_encoding(const Request &request) {
  std::size_t encodings = count(request, "Transfer-Encoding");
  if (encodings == 0) return std::nullopt;
  if (encodings > 1) return bad_request("more than one Transfer-Encoding header");
  if (request.minor_version == 0) return bad_request("Transfer-Encoding in HTTP/1.0");
  if (count(request, "Content-Length") > 0) {
    return bad_request("Content-Length together with Transfer-Encoding");
  }
  if (!equal_ignoring_case(*request.find_header("Transfer-Encoding"), "chunked")) {
    return ParseError{501, "not_implemented", "no transfer encoding but chunked is known"};
  }
  return std::nullopt;
}

MaybeError check_expect(const Request &request) {
  auto expect = request.find_header("Expect");
  if (!expect || equal_ignoring_case(*expect, "100-continue")) return std::nullopt;
  return ParseError{417, "expectation_failed", "no expectation but 100-continue can be met"};
}

bool is_hidden_segment(std::string_view segment) {
  return segment == "." || segment == ".." || segment.contains('/');
}

MaybeError read_path(std::string_view path, Request &request) {
  request.path.clear();
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    std::size_t end = std::min(path.find('/'), path.size());
    auto segment = wire::percent_decode(path.substr(0, end));
    if (!segment) return bad_request("the path has a wrong percent escape");
    if (is_hidden_segment(*segment)) return bad_request("the path has a dot segment");
    request.path.append("/").append(*segment);
    path.remove_prefix(end);
  }
  return std::nullopt;
}

}  // namespace

MaybeError check_fields(const Request &request, const RequestLimits &limits) {
  if (auto error = check_host(request, limits.numeric_host_only)) return error;
  if (auto error = check_transfer_encoding(request)) return error;
  if (auto error = check_length(request, limits.max_body_bytes)) return error;
  return check_expect(request);
}

MaybeError read_target(std::string_view target, Request &request) {
  if (target == "*" && request.method == Method::Options) {
    request.path = "*";
    return std::nullopt;
  }
  // The absolute form is meant for proxies, but every server has to take it (RFC 9112
  // section 3.2.2).
  constexpr std::string_view kScheme = "http://";
  if (equal_ignoring_case(target.substr(0, kScheme.size()), kScheme)) {
    target.remove_prefix(kScheme.size());
    std::size_t end = std::min(target.find_first_of("/?"), target.size());
    auto host = request.find_header("Host");
    if (host && !equal_ignoring_case(*host, target.substr(0, end))) {
      return bad_request("the request target names another host than Host");
    }
    if (end == 0) return bad_request("the request target has no host");
    target.remove_prefix(end);
  } else if (!target.starts_with('/')) {
    return bad_request("the request target does not begin with a slash");
  }
  auto [path, query] = wire::split_target(target);
  if (auto error = read_path(path.empty() ? "/" : path, request)) return error;
  auto parsed = wire::Query::parse(query);
  if (!parsed) return bad_request("the query has a wrong percent escape or too many parameters");
  request.query = std::move(*parsed);
  return std::nullopt;
}

std::string correlation_id_for(const Request &request) {
  auto given = request.find_header("X-Correlation-ID");
  if (given && base::is_valid_correlation_id(*given)) return std::string(*given);
  return base::make_correlation_id();
}

}  // namespace sluice::http
