// SPDX-License-Identifier: Apache-2.0
// The bodies of the control API's answers. Pure functions over snapshots; the shapes are in
// docs/openapi.json.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stream/directory.h"
#include "stream/session.h"

namespace sluice::node {

class Node;

std::string node_json(Node &node);
// Streams that are known, and those that are only configured.
std::string streams_json(Node &node);
// Of one stream, when its name is given.
std::string sessions_json(const std::vector<stream::SessionInfo> &sessions,
                          std::optional<std::string_view> stream);
std::string sources_json(Node &node);
// Nothing when there is no such source.
std::optional<std::string> source_json(Node &node, std::string_view name);
std::string removed_json(std::string_view name);
std::string kicked_json(base::SessionId id);

}  // namespace sluice::node
