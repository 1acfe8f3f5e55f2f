// SPDX-License-Identifier: Apache-2.0
// Loads all that a node is made from: its configuration, and the certificates that it names.
#pragma once

#include <string>
#include <vector>

#include "config/load.h"
#include "net/tls_certificate.h"

namespace sluice::node {

struct Loaded {
  // With what is wrong with the certificates, at the places of their keys. A certificate that has
  // expired is a warning: the node is of more use with it than without.
  config::LoadResult config;
  std::vector<net::TlsCertificate> certificates;  // in the order of `tls.certificates`
};

// For the main thread, and for the command: reads files.
Loaded load_blocking(const std::string &config_path);

}  // namespace sluice::node
