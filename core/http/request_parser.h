// SPDX-License-Identifier: Apache-2.0
// RequestParser: the bytes of one request to a Request, without I/O. llhttp reads them with all its
// leniency off; what its version 8.1 still lets through is refused by HeadReader before and by
// request_check.h after it. Where a request ends has one meaning only, or the request is an error.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/head_reader.h"
#include "http/request.h"

namespace sluice::http {

class RequestParser {
 public:
  explicit RequestParser(const RequestLimits &limits);
  ~RequestParser();
  RequestParser(RequestParser &&) noexcept;
  RequestParser &operator=(RequestParser &&) noexcept;

  enum class Step {
    NeedMore,      // everything was consumed
    SendContinue,  // the client waits for "100 Continue" before it sends the body; feed on
    Complete,      // take() the request; bytes that were not consumed belong to the next one
    Failed,        // error() says why; no byte after this one has a meaning
  };
  struct Progress {
    Step step = Step::NeedMore;
    std::size_t consumed = 0;
  };
  Progress feed(std::string_view input);

  // After Complete, once. The peer, and whether it came over TLS, are the caller's to fill in.
  Request take();

  [[nodiscard]] const ParseError &error() const { return error_; }
  // The client's where it has been read and is valid, else a new one: to answer an error with.
  [[nodiscard]] std::string correlation_id() const;
  // True from the request's first byte on.
  [[nodiscard]] bool started() const { return started_; }

 private:
  struct Machine;
  Progress fail(const ParseError &error, std::size_t consumed);
  std::optional<ParseError> begin_message();
  Progress feed_body(std::string_view input);

  enum class Phase { Head, Body, Complete, Failed };
  RequestLimits limits_;
  HeadReader head_;
  std::unique_ptr<Machine> machine_;
  Phase phase_ = Phase::Head;
  ParseError error_;
  std::size_t body_wire_bytes_ = 0;
  bool started_ = false;
};

}  // namespace sluice::http
