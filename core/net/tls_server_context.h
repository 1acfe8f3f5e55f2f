// SPDX-License-Identifier: Apache-2.0
// TlsServerContext: the certificates of the node's listeners and everything about how they speak
// TLS. Never changes after it was made, so that all loops share one; a reload makes another, and
// connections keep the one that they began with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "net/tls_certificate.h"
#include "net/tls_tickets.h"

struct ssl_st;
struct ssl_ctx_st;

namespace sluice::net {

struct TlsMetrics;

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

// What a listener is to TLS.
struct TlsService {
  std::string name;       // sessions of one service are not resumed on another
  bool http = false;      // who speaks HTTP without TLS is answered in clear text
  std::string_view alpn;  // static: the protocols to agree on (RFC 7301), the most wanted first,
                          // each after its length. Empty: whatever the client names
};

struct TlsServerOptions {
  std::vector<TlsCertificate>
      certificates;  // the first one answers who names no host, or an unknown one
  TlsVersion min_version = TlsVersion::Tls12;
  bool kernel = false;  // let the kernel encrypt where it can
  std::shared_ptr<TlsTickets> tickets;
  TlsMetrics *metrics = nullptr;  // borrowed; may be null
};

class TlsServerContext {
 public:
  // Errors: Operator when there is no certificate.
  static base::Result<std::shared_ptr<const TlsServerContext>> make(TlsServerOptions options);
  ~TlsServerContext();
  TlsServerContext(const TlsServerContext &) = delete;
  TlsServerContext &operator=(const TlsServerContext &) = delete;

  // What there is to know of each certificate, in the order in which they were given.
  [[nodiscard]] const std::vector<TlsCertificateInfo> &certificates() const { return infos_; }
  [[nodiscard]] bool kernel() const { return kernel_; }
  [[nodiscard]] TlsMetrics *metrics() const { return metrics_; }

  // For the engine. The service must outlive the connection.
  [[nodiscard]] ssl_st *new_connection(const TlsService &service) const;
  // For OpenSSL's callbacks.
  void choose_certificate(ssl_st *connection) const;
  [[nodiscard]] TlsTickets &tickets() const { return *tickets_; }

 private:
  // The certificates, one per kind of key, that answer for one or several names.
  struct Choice {
    std::vector<std::size_t> certificates;
    ssl_ctx_st *context = nullptr;  // owned
    std::string identity;           // their fingerprints
  };

  explicit TlsServerContext(const TlsServerOptions &options);
  [[nodiscard]] std::vector<std::size_t> answering(std::string_view name) const;
  base::Result<std::size_t> add_choice(const TlsServerOptions &options,
                                       std::vector<std::size_t> certificates);
  base::Result<ssl_ctx_st *> make_context(const TlsServerOptions &options, const Choice &choice);
  [[nodiscard]] const Choice &choice_for(std::string_view name) const;

  std::vector<TlsCertificateInfo> infos_;
  std::shared_ptr<TlsTickets> tickets_;
  TlsMetrics *metrics_;
  bool kernel_;
  std::vector<Choice> choices_;  // the first is the default
  std::unordered_map<std::string, std::size_t> by_name_;
};

}  // namespace sluice::net
