// SPDX-License-Identifier: Apache-2.0
// Response: an answer as a value, and the text of its head. Every answer carries the CORS,
// correlation and hardening fields, errors included, because they are written here and nowhere
// else.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http/body.h"
#include "http/request.h"

namespace sluice::http {

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  BodyRange stored;            // in place of body, when there is one
  std::vector<Field> headers;  // beyond what every answer carries
  // Answering HEAD where GET would stream: there is no length to tell.
  bool unknown_length = false;
};

// {code, message, correlation_id} as JSON, under the status. code is a short word such as
// "not_found".
Response error_response(int status, std::string_view code, std::string_view message,
                        std::string_view correlation_id);

// The same with 503 and a Retry-After, for what may be there in a few seconds.
inline constexpr std::chrono::seconds kRetrySoon{5};
Response unavailable_response(std::string_view code, std::string_view message,
                              std::string_view correlation_id,
                              std::chrono::seconds retry_after = kRetrySoon);

const char *reason_phrase(int status);

// What the server adds to an answer.
struct HeadContext {
  std::string_view cors_origin;     // "*", one origin, or empty for no CORS at all
  std::string_view correlation_id;  // empty: none
  bool close = false;               // say Connection: close
  int minor_version = 1;            // the request's
};

// The fields of a complete answer, with its Content-Length, as HTTP/2 wants them: names in lower
// case, and none that speaks of the connection.
std::vector<Field> response_fields(const Response &response, const HeadContext &context);

// The head of a complete answer in HTTP/1.
std::string response_head(const Response &response, const HeadContext &context);

// The head of an answer whose body is written by somebody else and ends with the connection.
std::string stream_response_head(int status, const std::vector<Field> &headers,
                                 const HeadContext &context);

}  // namespace sluice::http
