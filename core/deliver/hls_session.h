// SPDX-License-Identifier: Apache-2.0
// HlsSession: a viewer that comes by single requests, on any connection and any loop, and is known
// by the directory in its URLs. It begins with the master playlist, and ends when it has asked for
// nothing for a while.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "stream/session.h"
#include "stream/stream_entry.h"

namespace sluice::deliver {

// "~" and 128 random bits in base64url.
[[nodiscard]] std::string make_hls_session_name();

class HlsSession final : public stream::Session {
 public:
  struct Facts {
    std::string name;
    std::string stream;
    std::string peer;
    std::string host;  // without the port
    std::string correlation_id;
    std::string user_agent;
    std::shared_ptr<stream::StreamCounters> counters;
  };
  explicit HlsSession(Facts facts);

  [[nodiscard]] const Facts &facts() const { return facts_; }

  // [any loop]
  void touch() { last_request_.store(base::mono_now(), std::memory_order_relaxed); }
  [[nodiscard]] base::MonoTime last_request() const {
    return last_request_.load(std::memory_order_relaxed);
  }
  void add_bytes(std::uint64_t bytes) { bytes_out_.fetch_add(bytes, std::memory_order_relaxed); }
  void asked_for_the_future() { low_latency_.store(true, std::memory_order_relaxed); }

  // [home loop]
  void enter(stream::SessionTable &table, std::function<void()> on_kick);
  void leave(stream::SessionTable &table) { table.remove(id_); }
  [[nodiscard]] stream::SessionInfo describe() const override;
  void kick() override { on_kick_(); }

 private:
  const Facts facts_;
  const base::MonoTime since_ = base::mono_now();
  const std::int64_t since_wall_us_ = base::wall_us();
  base::SessionId id_;
  std::function<void()> on_kick_;
  std::atomic<base::MonoTime> last_request_{since_};
  std::atomic<std::uint64_t> bytes_out_{0};
  std::atomic<bool> low_latency_{false};
};

// The sessions of all loops.
class HlsSessions {
 public:
  // [any loop]

  // Null when there is none of that name for that stream.
  [[nodiscard]] std::shared_ptr<HlsSession> find(const std::string &name, std::string_view stream);
  enum class Added : std::uint8_t { Yes, Exists, TooMany };
  // per_host: how many sessions one host may have.
  Added add(const std::shared_ptr<HlsSession> &session, std::uint32_t per_host);
  void remove(const HlsSession &session);

  // A session that was kicked is not let in again before that time.
  void refuse(const std::string &name, base::MonoTime until);
  [[nodiscard]] bool refuses(const std::string &name, base::MonoTime now);

 private:
  // Protects everything below. Contended by requests, which hold it for a look-up.
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<HlsSession>> sessions_;
  std::map<std::string, std::uint32_t> by_host_;
  std::map<std::string, base::MonoTime> refused_;
};

}  // namespace sluice::deliver
