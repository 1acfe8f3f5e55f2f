// SPDX-License-Identifier: Apache-2.0
// JSON for control answers, by nlohmann-json. The only header that includes it; included by source
// files only, never by headers, because it is large.
#pragma once

#include <nlohmann/json.hpp>

namespace sluice::base {

// Keeps the order in which members were written.
using Json = nlohmann::ordered_json;

// Text of a value. Bytes that are not UTF-8 are replaced rather than thrown about.
inline std::string dump(const Json &json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sluice::base
