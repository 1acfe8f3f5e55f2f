// SPDX-License-Identifier: Apache-2.0
// A small HTTP client that waits, for the command line. Never called on a loop's thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/request.h"

namespace sluice::http {

struct ClientRequest {
  std::string url;  // http or https only
  Method method = Method::Get;
  std::vector<Field> headers;
  std::string body;  // with PUT or POST
  base::Millis connect_timeout{3'000};
  base::Millis total_timeout{10'000};
  std::size_t max_body_bytes = 16 * 1024 * 1024;
};

struct ClientResponse {
  int status = 0;
  std::string content_type;
  std::string body;
};

// Any status is a success of the client. Redirects are not followed, and the environment's proxies
// are not used. Errors: TimedOut, TooLarge, Closed (nobody answers there), Malformed (url or
// answer), System.
base::Result<ClientResponse> request_blocking(const ClientRequest &request);

}  // namespace sluice::http
