// SPDX-License-Identifier: Apache-2.0
#include "http/server_metrics.h"

#include <string>

#include "metrics/refusals.h"

namespace sluice::http {
namespace {

constexpr int kStatuses[] = {101, 200, 204, 302, 304, 307, 400, 401, 402, 403, 404, 405, 408, 409,
                             413, 414, 417, 421, 426, 429, 431, 500, 501, 502, 503, 504, 505};

metrics::Counter &requests(metrics::Registry &registry, const std::string &code) {
  return registry.counter("sluice_http_requests_total", "Requests answered, by status code.",
                          {{"code", code}});
}

}  // namespace

ServerMetrics::ServerMetrics(metrics::Registry &registry)
    : connections_(registry.gauge("sluice_http_connections",
                                  "Connections that the HTTP servers hold; viewers are not.")),
      refused_limit_(metrics::refusals(registry, "http", "limit")),
      refused_address_limit_(metrics::refusals(registry, "http", "address_limit")),
      timed_out_(metrics::refusals(registry, "http", "timeout")),
      http2_connections_(
          registry.counter("sluice_http2_connections_total", "Connections that agreed on HTTP/2.")),
      http2_requests_(
          registry.counter("sluice_http2_requests_total", "Requests answered over HTTP/2.")),
      http2_refused_(metrics::refusals(registry, "http", "http2_abuse")) {
  for (int status : kStatuses)
    by_status_[status] = &requests(registry, std::to_string(status));
  by_status_[0] = &requests(registry, "other");
}

void ServerMetrics::connection_opened() { connections_.add(1); }
void ServerMetrics::connection_closed() { connections_.add(-1); }
void ServerMetrics::refused_over_limit() { refused_limit_.add(); }
void ServerMetrics::refused_over_address_limit() { refused_address_limit_.add(); }
void ServerMetrics::request_timed_out() { timed_out_.add(); }
void ServerMetrics::http2_agreed() { http2_connections_.add(); }
void ServerMetrics::http2_request_answered() { http2_requests_.add(); }
void ServerMetrics::http2_refused() { http2_refused_.add(); }

void ServerMetrics::request_answered(int status) {
  auto found = by_status_.find(status);
  if (found == by_status_.end()) found = by_status_.find(0);
  found->second->add();
}

}  // namespace sluice::http
