// SPDX-License-Identifier: Apache-2.0
#include "stream/session.h"

#include "base/log.h"

namespace sluice::stream {

void log_session_end(const SessionInfo &session, const char *reason) {
  base::log::info("session ended", {{"session", base::to_string(session.id)},
                                    {"kind", session.kind},
                                    {"protocol", session.protocol},
                                    {"stream", session.stream},
                                    {"peer", session.peer},
                                    {"reason", reason},
                                    {"bytes_in", session.bytes_in},
                                    {"bytes_out", session.bytes_out},
                                    {"skips", session.skips},
                                    {"duration_ms", session.duration_ms},
                                    {"correlation_id", session.correlation_id}});
}

base::SessionId SessionTable::add(Session &session) {
  base::SessionId id{loop_index_, ++last_serial_};
  sessions_.emplace(id.serial, &session);
  return id;
}

std::vector<SessionInfo> SessionTable::describe() const {
  std::vector<SessionInfo> infos;
  infos.reserve(sessions_.size());
  for (const auto &[serial, session] : sessions_)
    infos.push_back(session->describe());
  return infos;
}

bool SessionTable::kick(base::SessionId id) {
  auto found = sessions_.find(id.serial);
  if (id.loop != loop_index_ || found == sessions_.end()) return false;
  found->second->kick();
  return true;
}

}  // namespace sluice::stream
