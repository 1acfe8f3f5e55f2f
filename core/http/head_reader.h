// SPDX-License-Identifier: Apache-2.0
// HeadReader: collects a request's head and refuses, at the first wrong byte, everything that is
// not exactly the grammar of RFC 9112: llhttp 8.1 takes folded lines, empty names and requests
// without a version, and two parsers that differ about such things are how requests are smuggled.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::http {

struct RequestLimits {
  std::size_t max_header_bytes = 16 * 1024;  // request line included
  std::size_t max_headers = 64;
  std::size_t max_target_bytes = 4 * 1024;
  std::size_t max_body_bytes = 64 * 1024;
  // Host must be an address or localhost, else 421: keeps pages with a rebound DNS name away from a
  // listener that trusts loopback.
  bool numeric_host_only = false;
};

// What a client that cannot be understood is answered. The connection ends with it.
struct ParseError {
  int status = 0;
  const char *code = "";
  const char *message = "";
};

inline ParseError bad_request(const char *message) { return {400, "bad_request", message}; }

class HeadReader {
 public:
  explicit HeadReader(const RequestLimits &limits) : limits_(limits) {}

  // True once the head is complete; consumed says how much of the input belongs to it.
  std::expected<bool, ParseError> feed(std::string_view input, std::size_t &consumed);

  // Up to and with the empty line.
  [[nodiscard]] const std::string &text() const { return text_; }
  [[nodiscard]] std::size_t fields() const { return fields_; }

 private:
  std::optional<ParseError> take(char c);
  std::optional<ParseError> end_line();
  [[nodiscard]] std::optional<ParseError> check_room() const;
  [[nodiscard]] std::optional<ParseError> check_request_line(std::string_view line) const;

  RequestLimits limits_;
  std::string text_;
  std::size_t line_start_ = 0;
  std::size_t lines_ = 0;
  std::size_t fields_ = 0;
  bool after_cr_ = false;
  bool skipped_empty_line_ = false;
  bool complete_ = false;
};

// A character of a token (RFC 9110 section 5.6.2).
bool is_token_character(char c);

// What every version of HTTP demands of a request's method and target.
std::optional<ParseError> check_method(std::string_view method);
std::optional<ParseError> check_target(std::string_view target, const RequestLimits &limits);

}  // namespace sluice::http
