// SPDX-License-Identifier: Apache-2.0
#include "http/dispatch.h"

#include <utility>

#include "base/log.h"

namespace sluice::http {
namespace {

// Also for a path that is not there: else a page of another origin could not see its 404.
Response options_response(const Request &request, const ServerOptions &options,
                          std::string_view allow) {
  std::string methods(allow.empty() ? "GET, HEAD, OPTIONS" : allow);
  if (request.path == "*") methods = kAllMethods;
  Response response;
  response.status = 204;
  response.headers = {{"Allow", methods}};
  if (!options.cors_origin.empty()) {
    response.headers.push_back({"Access-Control-Allow-Methods", methods});
    response.headers.push_back(
        {"Access-Control-Allow-Headers", "Authorization, Content-Type, Range, X-Correlation-ID"});
    response.headers.push_back({"Access-Control-Max-Age", "600"});
  }
  return response;
}

}  // namespace

void dispatch(const Router &router, const ServerOptions &options, ExchangeHost &host,
              Request request, Exchange *&current) {
  Router::Match match = router.match(request.method, request.path);
  if (request.method == Method::Options) {
    return host.answer(request, options_response(request, options, match.allow));
  }
  request.params = std::move(match.params);
  auto exchange = std::make_unique<Exchange>(host, std::move(request));
  current = exchange.get();
  if (match.handler != nullptr) return (*match.handler)(std::move(exchange));
  if (match.allow.empty()) {
    exchange->respond_error(404, "not_found", "there is nothing at this path");
  } else {
    exchange->respond_error(405, "method_not_allowed", "this path does not have the method",
                            {{"Allow", std::string(match.allow)}});
  }
}

Request unread_request(const net::Address &peer, std::string correlation_id) {
  Request unread;
  unread.peer = peer;
  unread.correlation_id = std::move(correlation_id);
  return unread;
}

Response parse_error_response(const ParseError &error, const std::string &correlation_id) {
  Response response = error_response(error.status, error.code, error.message, correlation_id);
  if (error.status == 405) response.headers = {{"Allow", kAllMethods}};
  return response;
}

void log_answer(const Request &request, int status) {
  namespace log = base::log;
  if (!log::enabled(log::Level::Debug)) return;
  log::debug("request answered", {{"method", method_name(request.method)},
                                  {"path", request.path},
                                  {"status", status},
                                  {"peer", request.peer.to_string()},
                                  {"correlation_id", request.correlation_id}});
}

bool sends_body(const Request &request, const Response &response) {
  return request.method != Method::Head && response.status != 204 && response.status != 304;
}

}  // namespace sluice::http
