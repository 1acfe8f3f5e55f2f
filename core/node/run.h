// SPDX-License-Identifier: Apache-2.0
// The node as one call.
#pragma once

#include <string>

namespace sluice::node {

// Loads the configuration, serves until SIGTERM or SIGINT, drains, and returns the process's exit
// code: 0 after a clean end, 78 (EX_CONFIG) when the configuration is wrong, 1 when the node could
// not start or did not end in time. Messages go to standard error. To be called once, on the main
// thread, before other threads exist.
int run(const std::string &config_path);

}  // namespace sluice::node
