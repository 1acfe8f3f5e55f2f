// SPDX-License-Identifier: Apache-2.0
// H2RequestReader: the fields and the body of one request of HTTP/2 to a Request, without I/O, held
// against everything that a request of HTTP/1 must be. That names and values have no characters
// that they may not have, that names are in lower case and that no field speaks of the connection
// has been seen to before (RFC 9113 section 8.2); what a field means for the request is seen to
// here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/head_reader.h"
#include "http/request.h"

namespace sluice::http {

// What a field counts towards the limits (RFC 9113 section 6.5.2).
[[nodiscard]] std::size_t h2_field_size(std::string_view name, std::string_view value);

class H2RequestReader {
 public:
  explicit H2RequestReader(const RequestLimits &limits) : limits_(limits) {}

  // One field of the head, in order of arrival. False when there is so much beyond the limits that
  // only an attack can mean it: compressed fields can be a thousand times smaller than what they
  // say.
  [[nodiscard]] bool add_field(std::string_view name, std::string_view value);
  void end_head();
  void refuse_trailers();
  void add_body(std::string_view bytes);
  // The request is answered, or not wanted: frees it. Fields that still come are only counted.
  void drop();

  // Why the request is refused. What comes after it is dropped.
  [[nodiscard]] const std::optional<ParseError> &error() const { return error_; }
  [[nodiscard]] bool head_ended() const { return head_ended_; }
  // After end_head(): the client waits for 100 before it sends the body (RFC 9110 section 10.1.1).
  [[nodiscard]] bool wants_continue() const;
  [[nodiscard]] std::size_t body_size() const { return request_.body.size(); }

  // At the end, once, when there is no error. The peer is the caller's to fill in.
  Request take();
  [[nodiscard]] std::string correlation_id() const;

 private:
  std::optional<ParseError> add_pseudo_field(std::string_view name, std::string_view value);
  std::optional<ParseError> check_head();
  std::optional<ParseError> settle_host();
  void fail(const ParseError &error) { error_ = error; }

  RequestLimits limits_;
  Request request_;
  std::optional<std::string> method_;
  std::optional<std::string> scheme_;
  std::optional<std::string> authority_;
  std::optional<std::string> target_;
  std::size_t list_bytes_ = 0;
  bool head_ended_ = false;
  std::optional<ParseError> error_;
};

}  // namespace sluice::http
