// SPDX-License-Identifier: Apache-2.0
// HlsSession: a viewer that comes by single requests, on any connection and any loop, and is known
// by the directory in its URLs. It begins with the master playlist, and ends when it has asked for
// nothing for a while.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/keyed_counts.h"
#include "stream/session.h"
#include "stream/stream_entry.h"

namespace sluice::deliver {

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

  // Whether its requests may be for that stream.
  [[nodiscard]] bool is_for(std::string_view stream) const { return facts_.stream == stream; }
  void touch() { last_request_.store(base::mono_now(), std::memory_order_relaxed); }
  [[nodiscard]] base::MonoTime last_request() const {
    return last_request_.load(std::memory_order_relaxed);
  }
  void add_bytes(std::uint64_t bytes) { bytes_out_.fetch_add(bytes, std::memory_order_relaxed); }
  void asked_for_the_future() { low_latency_.store(true, std::memory_order_relaxed); }
  // For requests that still hold it when it has ended. What was kicked does not begin again.
  enum class State : std::uint8_t { Open, Ended, Kicked };
  [[nodiscard]] State state() const { return state_.load(std::memory_order_relaxed); }

  // [home loop]
  void enter(stream::SessionTable &table, std::function<void()> on_kick);
  void leave(stream::SessionTable &table, State state);
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
  std::atomic<State> state_{State::Open};
};

// The sessions of all loops. A request looks its own up once, and locks one of several tables for
// that, chosen by the name.
class HlsSessions {
 public:
  // [any loop]

  struct Found {
    std::shared_ptr<HlsSession> session;  // null when there is none of that name now
    bool refused = false;                 // it was kicked, and is not let in again yet
  };
  [[nodiscard]] Found find(const std::string &name, base::MonoTime now);

  // The session of that name from now on, which is another one when somebody was quicker. Null when
  // the host has per_host sessions already.
  std::shared_ptr<HlsSession> add(const std::shared_ptr<HlsSession> &session,
                                  std::uint32_t per_host);
  void remove(const HlsSession &session);

  // A session that was kicked is not let in again before that time.
  void refuse(const std::string &name, base::MonoTime until);

 private:
  struct Shard {
    // Protects the rest. Contended by requests, which hold it for a look-up.
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<HlsSession>> sessions;
    std::map<std::string, base::MonoTime> refused;
  };
  [[nodiscard]] Shard &shard_of(const std::string &name);
  bool take_place(const std::string &host, std::uint32_t per_host);
  void give_place_back(const std::string &host);

  std::array<Shard, 16> shards_;
  // Protects by_host_. Contended by sessions that begin and end. Never held together with a
  // shard's.
  std::mutex hosts_mutex_;
  base::KeyedCounts by_host_;
};

}  // namespace sluice::deliver
