// SPDX-License-Identifier: Apache-2.0
// TlsMetrics: how the handshakes of the node's own listeners ended. One object per process, shared
// by all loops.
#pragma once

#include "metrics/registry.h"

namespace sluice::net {

struct TlsMetrics {
  // At start only: registers sluice_tls_handshakes_total{result} and
  // sluice_tls_kernel_connections_total.
  explicit TlsMetrics(metrics::Registry &registry)
      : full(handshakes(registry, "full")),
        resumed(handshakes(registry, "resumed")),
        failed(handshakes(registry, "failed")),
        abandoned(handshakes(registry, "abandoned")),
        kernel(registry.counter("sluice_tls_kernel_connections_total",
                                "TLS connections whose bytes the kernel encrypts.")) {}

  metrics::Counter &full;
  metrics::Counter &resumed;
  metrics::Counter &failed;
  metrics::Counter &abandoned;  // the connection ended before the handshake did
  metrics::Counter &kernel;

 private:
  static metrics::Counter &handshakes(metrics::Registry &registry, std::string_view result) {
    return registry.counter("sluice_tls_handshakes_total",
                            "TLS handshakes of this node's listeners, by how they ended.",
                            {{"result", result}});
  }
};

}  // namespace sluice::net
