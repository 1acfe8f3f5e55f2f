// SPDX-License-Identifier: Apache-2.0
// Sessions: what the operator sees and can end. Every publisher and every viewer is one. A table
// per loop; lives on that loop.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace sluice::stream {

// A snapshot, as a plain value that may cross threads.
struct SessionInfo {
  base::SessionId id;
  const char *kind = "";      // "publisher", "source" (a camera that is pulled) or "viewer"
  const char *protocol = "";  // "rtmp", "http-flv", "ws-fmp4", …
  std::string stream;         // empty while it is not known yet
  std::string peer;
  std::int64_t since_wall_us = 0;
  std::int64_t duration_ms = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t skips = 0;
  std::int64_t lag_ms = 0;
  std::string correlation_id;
  std::string user_agent;
};

class Session {
 public:
  [[nodiscard]] virtual SessionInfo describe() const = 0;
  // Ends the session; it may destroy itself before this returns.
  virtual void kick() = 0;

 protected:
  ~Session() = default;
};

// The one line per session, when it ends. reason is one of the documented words.
void log_session_end(const SessionInfo &session, const char *reason);

class SessionTable {
 public:
  explicit SessionTable(std::uint16_t loop_index) : loop_index_(loop_index) {}

  // Borrowed until remove(). The id is never used again.
  base::SessionId add(Session &session);
  void remove(base::SessionId id) { sessions_.erase(id.serial); }

  [[nodiscard]] std::vector<SessionInfo> describe() const;
  // False when there is no such session.
  bool kick(base::SessionId id);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  std::uint16_t loop_index_;
  std::uint64_t last_serial_ = 0;
  std::map<std::uint64_t, Session *> sessions_;
};

}  // namespace sluice::stream
