// SPDX-License-Identifier: Apache-2.0
// A configuration as YAML with every key, as it is in effect. Secrets are printed as "***".
#pragma once

#include <string>

#include "config/config.h"

namespace sluice::config {

std::string print(const Config &config);

}  // namespace sluice::config
