// SPDX-License-Identifier: Apache-2.0
// A configuration as YAML with every key, as it is in effect. Secrets are printed as "***".
#pragma once

#include <string>

#include "config/config.h"

namespace sluice::config {

std::string print(const Config &config);

// Entries of `streams` as a file that loads as the same entries: the secrets in URLs are printed as
// they are.
std::string print_streams_in_clear(
    const std::map<std::string, StreamOverrides, std::less<>> &streams);

}  // namespace sluice::config
