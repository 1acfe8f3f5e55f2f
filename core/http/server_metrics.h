// SPDX-License-Identifier: Apache-2.0
// ServerMetrics: what the HTTP servers count. One object per process, shared by all loops and
// listeners.
#pragma once

#include <map>

namespace sluice::metrics {
class Counter;
class Gauge;
class Registry;
}  // namespace sluice::metrics

namespace sluice::http {

class ServerMetrics {
 public:
  // At start only: registers http_connections, http_requests_total{code},
  // http2_connections_total, http2_requests_total and refused_total{listener="http"}.
  explicit ServerMetrics(metrics::Registry &registry);

  // [any loop]
  void connection_opened();
  void connection_closed();
  void request_answered(int status);
  void refused_over_limit();
  void refused_over_address_limit();
  void request_timed_out();
  void http2_agreed();            // a connection speaks HTTP/2
  void http2_request_answered();  // counted beside request_answered
  void http2_refused();           // a connection was ended for what it sent

 private:
  metrics::Gauge &connections_;
  metrics::Counter &refused_limit_;
  metrics::Counter &refused_address_limit_;
  metrics::Counter &timed_out_;
  metrics::Counter &http2_connections_;
  metrics::Counter &http2_requests_;
  metrics::Counter &http2_refused_;
  std::map<int, metrics::Counter *>
      by_status_;  // filled in the constructor; 0 stands for any other
};

}  // namespace sluice::http
