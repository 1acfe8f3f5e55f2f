// SPDX-License-Identifier: Apache-2.0
// `sluice status`: one node at a glance.
#include <fmt/format.h>

#include <ostream>

#include "cli/admin_api.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/node_model.h"

namespace sluice::cli {
namespace {

std::string overview(const NodeView &node) {
  std::string out;
  auto line = [&out](std::string_view title, const std::string &value) {
    out += fmt::format("{:<12} {}\n", title, printable(value));
  };
  line("node", fmt::format("{} (Sluice {})", node.id, node.version));
  line("state", node.state);
  line("up", fmt::format("{}, since {}", format_duration(node.uptime_s), node.started_at));
  line("workers", std::to_string(node.workers));
  line("streams", std::to_string(node.streams));
  line("publishers", std::to_string(node.publishers));
  line("viewers", std::to_string(node.viewers));
  line("memory", fmt::format("{} in tapes, {} in frames", format_bytes(node.tape_bytes),
                             format_bytes(node.frame_bytes)));
  for (const auto &[name, addresses] : node.listen) {
    line("listen " + name, addresses.empty() ? "-" : addresses);
  }
  return out;
}

}  // namespace

int status_command(const Arguments &arguments, Terminal &terminal) {
  auto api = AdminApi::open(arguments, terminal);
  if (!api) return report(terminal, "status", api.error());
  auto answer = api->get("/api/v1/node");
  if (!answer) return report(terminal, "status", answer.error());
  auto node = decode_node(*answer);
  if (!node) {
    return report(terminal, "status",
                  {kExitFailed, api->url() + " does not answer as a Sluice node does"});
  }
  terminal.out << (arguments.has("json") ? indent_json(*answer) : overview(*node));
  return node->state == "ready" ? kExitOk : kExitFailed;
}

}  // namespace sluice::cli
