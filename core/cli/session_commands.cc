// SPDX-License-Identifier: Apache-2.0
// `sluice sessions` and `sluice kick`: who is connected, and ending that.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/id.h"
#include "cli/admin_api.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/node_model.h"

namespace sluice::cli {
namespace {

std::string overview(const std::vector<SessionView> &sessions) {
  using enum Table::Align;
  Table table({{"ID"},
               {"KIND"},
               {"PROTOCOL"},
               {"STREAM"},
               {"PEER"},
               {"FOR", Right},
               {"IN", Right},
               {"OUT", Right},
               {"SKIPS", Right},
               {"LAG", Right}});
  for (const SessionView &session : sessions) {
    bool is_viewer = session.kind == "viewer";
    table.add({session.id, session.kind, session.protocol, session.stream, session.peer,
               format_duration(session.duration_s), format_bytes(session.bytes_in),
               format_bytes(session.bytes_out), is_viewer ? std::to_string(session.skips) : "",
               is_viewer ? fmt::format("{} ms", session.lag_ms) : ""});
  }
  return table.text();
}

std::vector<MemberIs> filters(const Arguments &arguments) {
  std::vector<MemberIs> keep;
  if (auto stream = arguments.value("stream")) keep.push_back({"stream", *stream});
  if (auto kind = arguments.value("kind")) keep.push_back({"kind", *kind});
  return keep;
}

}  // namespace

int sessions_command(const Arguments &arguments, Terminal &terminal) {
  auto kind = arguments.value("kind");
  if (kind && *kind != "publisher" && *kind != "source" && *kind != "viewer") {
    return report(terminal, "sessions", {kExitUsage, "--kind is publisher, source or viewer"});
  }
  auto api = AdminApi::open(arguments, terminal);
  if (!api) return report(terminal, "sessions", api.error());
  auto answer = api->get("/api/v1/sessions");
  if (!answer) return report(terminal, "sessions", answer.error());
  std::vector<MemberIs> keep = filters(arguments);
  auto sessions = decode_sessions(indent_json(*answer, "sessions", keep));
  if (!sessions) {
    return report(terminal, "sessions",
                  {kExitFailed, api->url() + " does not answer as a Sluice node does"});
  }
  if (arguments.has("json")) {
    terminal.out << indent_json(*answer, "sessions", keep);
  } else if (sessions->empty()) {
    terminal.err << "No sessions.\n";
  } else {
    terminal.out << overview(*sessions);
  }
  return kExitOk;
}

int kick_command(const Arguments &arguments, Terminal &terminal) {
  for (const std::string &id : arguments.operands) {
    if (base::parse_session_id(id)) continue;
    return report(terminal, "kick",
                  {kExitUsage, fmt::format("{}: not a session's id; `sluice sessions` shows them",
                                           printable(id))});
  }
  auto api = AdminApi::open(arguments, terminal);
  if (!api) return report(terminal, "kick", api.error());
  int exit_code = kExitOk;
  for (const std::string &id : arguments.operands) {
    auto answer = api->remove("/api/v1/sessions/" + id);
    if (!answer) {
      exit_code = report(terminal, "kick", {kExitFailed, id + ": " + answer.error().message});
    } else if (arguments.has("json")) {
      terminal.out << indent_json(*answer);
    } else {
      terminal.out << "kicked " << id << '\n';
    }
  }
  return exit_code;
}

}  // namespace sluice::cli
