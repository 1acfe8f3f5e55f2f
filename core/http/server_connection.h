// SPDX-License-Identifier: Apache-2.0
// ServerConnection: what a Server holds of each of its connections, whatever version of HTTP is
// spoken on it; and Newcomer, a connection before that is known.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "net/admission.h"
#include "net/socket.h"

namespace sluice::http {

// After the last answer the client's bytes are read and dropped for a while: a close with unread
// input would be a reset, which can overtake the answer.
inline constexpr base::Millis kLingerTime{2'000};
inline constexpr std::size_t kMaxLingerBytes = 1024 * 1024;

// For a timer that ends then.
inline base::Millis time_left(base::MonoTime deadline) {
  auto left = std::chrono::ceil<base::Millis>(deadline - base::mono_now());
  return std::max(left, base::Millis(0));
}

enum class HttpVersion : std::uint8_t { Http1, Http2 };

struct Newcomer {
  std::unique_ptr<net::Socket> socket;
  net::Admission::Permit permit;
  const char *refusal = nullptr;  // why it gets a 503 and is closed; null: it is served
  base::MonoTime deadline;        // of its first request, handshake of TLS and all
};

class ServerConnection {
 public:
  explicit ServerConnection(bool refused) : refused_(refused) {}
  virtual ~ServerConnection() = default;
  ServerConnection(const ServerConnection &) = delete;
  ServerConnection &operator=(const ServerConnection &) = delete;

  // Once, when the server holds it.
  virtual void begin() = 0;
  // The server will not take another request from it.
  virtual void drain() = 0;
  // Closes now; exchanges that wait are aborted. The connection dies when the callback has
  // returned.
  virtual void end() = 0;

  // It was over a limit, and is only told so.
  [[nodiscard]] bool refused() const { return refused_; }

 private:
  const bool refused_;
};

}  // namespace sluice::http
