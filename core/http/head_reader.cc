// SPDX-License-Identifier: Apache-2.0
#include "http/head_reader.h"

#include <algorithm>
#include <array>

#include "http/request.h"

namespace sluice::http {
namespace {

// A request line is the target and at most this: the longest method, two spaces, the version.
constexpr std::size_t kRequestLineExtra = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}

std::optional<ParseError> check_version(std::string_view version) {
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return std::nullopt;
  bool is_version = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                    version[6] == '.' && is_digit(version[7]);
  if (!is_version) return bad_request("the request line has no HTTP version");
  return ParseError{505, "version_not_supported", "only HTTP/1.0 and HTTP/1.1 are spoken here"};
}

std::optional<ParseError> check_field_line(std::string_view line) {
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bad_request("a header line has no colon");
  if (!is_token(line.substr(0, colon))) return bad_request("a header name is not a token");
  return std::nullopt;
}

bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

}  // namespace

bool is_token_character(char c) {
  bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

std::optional<ParseError> check_method(std::string_view method) {
  static constexpr std::array kKnown = {"PATCH", "TRACE", "CONNECT"};
  if (!is_token(method)) return bad_request("the method is not a token");
  if (method_named(method)) return std::nullopt;
  if (std::ranges::find(kKnown, method) != kKnown.end()) {
    return ParseError{405, "method_not_allowed", "nothing here has this method"};
  }
  return ParseError{501, "not_implemented", "the method is not known"};
}

std::optional<ParseError> check_target(std::string_view target, const RequestLimits &limits) {
  auto is_graphic = [](char c) { return c > ' ' && c < 0x7f && c != '#'; };
  if (target.empty() || !std::ranges::all_of(target, is_graphic)) {
    return bad_request("the request target has a wrong character");
  }
  if (target.size() > limits.max_target_bytes) {
    return ParseError{414, "uri_too_long", "the request target is too long"};
  }
  return std::nullopt;
}

std::expected<bool, ParseError> HeadReader::feed(std::string_view input, std::size_t &consumed) {
  consumed = 0;
  for (char c : input) {
    ++consumed;
    if (auto error = take(c)) return std::unexpected(*error);
    if (complete_) return true;
  }
  return false;
}

std::optional<ParseError> HeadReader::take(char c) {
  bool line_begins = text_.size() == line_start_;
  text_.push_back(c);
  if (after_cr_) {
    after_cr_ = false;
    return c == '\n' ? end_line() : bad_request("a carriage return without a line feed");
  }
  if (c == '\n') return bad_request("a line feed without a carriage return");
  if (c == '\r') {
    after_cr_ = true;
  } else if (is_control(c)) {
    return bad_request("the head has a control character");
  } else if (line_begins && (c == ' ' || c == '\t')) {
    return bad_request("a header line begins with white space");
  } else if (line_begins && !is_token_character(c)) {
    return bad_request("a line of the head begins with a wrong character");
  }
  return check_room();
}

std::optional<ParseError> HeadReader::check_room() const {
  if (lines_ == 0 && text_.size() > limits_.max_target_bytes + kRequestLineExtra) {
    return ParseError{414, "uri_too_long", "the request line is too long"};
  }
  if (text_.size() > limits_.max_header_bytes) {
    return ParseError{431, "header_too_large", "the request's head is too large"};
  }
  return std::nullopt;
}

std::optional<ParseError> HeadReader::end_line() {
  std::string_view line(text_);
  line = line.substr(line_start_, line.size() - line_start_ - 2);
  if (lines_ == 0 && line.empty()) {
    // RFC 9112 section 2.2: old clients send an empty line after a body. One is enough.
    if (skipped_empty_line_) return bad_request("empty lines before the request");
    skipped_empty_line_ = true;
    text_.clear();
    return std::nullopt;
  }
  line_start_ = text_.size();
  if (lines_++ == 0) return check_request_line(line);
  if (line.empty()) {
    complete_ = true;
    return std::nullopt;
  }
  if (++fields_ > limits_.max_headers) {
    return ParseError{431, "header_too_large", "the request has too many headers"};
  }
  return check_field_line(line);
}

std::optional<ParseError> HeadReader::check_request_line(std::string_view line) const {
  std::size_t first = line.find(' ');
  std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return bad_request("the request line has not three parts");
  }
  if (auto error = check_version(line.substr(last + 1))) return error;
  if (auto error = check_target(line.substr(first + 1, last - first - 1), limits_)) return error;
  return check_method(line.substr(0, first));
}

}  // namespace sluice::http
