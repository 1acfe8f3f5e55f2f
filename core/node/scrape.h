// SPDX-License-Identifier: Apache-2.0
// The whole of /metrics: the registry's counters, and what is worked out at the moment of asking.
#pragma once

#include <string>

namespace sluice::node {

class Node;

std::string scrape(Node &node);  // [main]

}  // namespace sluice::node
