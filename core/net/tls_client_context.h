// SPDX-License-Identifier: Apache-2.0
// TlsClientContext: how the node connects to others over TLS. Never changes after it was made, so
// that any number of connections on any loop share one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;

namespace sluice::net {

// Whom the client believes. A camera's certificate is made by the camera, for no name that it has.
enum class TlsTrust : std::uint8_t {
  System,  // the authorities of the operating system, and the name must match
  File,    // the authorities or the certificate itself in one PEM file, and the name must match
  Anyone,  // whoever answers; old versions and small keys too, because old cameras have no others
};

struct TlsClientOptions {
  TlsTrust trust = TlsTrust::System;
  std::string ca_file;  // for TlsTrust::File
};

class TlsClientContext {
 public:
  // Reads files, so it blocks. Errors: Operator when the authorities cannot be read.
  static base::Result<std::shared_ptr<const TlsClientContext>> make_blocking(
      const TlsClientOptions &options);
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext &) = delete;
  TlsClientContext &operator=(const TlsClientContext &) = delete;

  [[nodiscard]] ssl_ctx_st *get() const { return context_; }
  [[nodiscard]] bool checks_name() const { return trust_ != TlsTrust::Anyone; }

 private:
  TlsClientContext(ssl_ctx_st *context, TlsTrust trust) : context_(context), trust_(trust) {}

  ssl_ctx_st *context_;  // owned
  TlsTrust trust_;
};

}  // namespace sluice::net
