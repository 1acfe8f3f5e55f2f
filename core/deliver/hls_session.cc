// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_session.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace sluice::deliver {
namespace {

// Per table: more than an operator may have kicked lately.
constexpr std::size_t kMaxRefused = 1'000;

}  // namespace

HlsSession::HlsSession(Facts facts) : facts_(std::move(facts)) {}

void HlsSession::enter(stream::SessionTable &table, std::function<void()> on_kick) {
  on_kick_ = std::move(on_kick);
  id_ = table.add(*this);
}

void HlsSession::leave(stream::SessionTable &table, State state) {
  state_.store(state, std::memory_order_relaxed);
  table.remove(id_);
}

stream::SessionInfo HlsSession::describe() const {
  stream::SessionInfo info;
  info.id = id_;
  info.kind = "viewer";
  info.protocol = low_latency_.load(std::memory_order_relaxed) ? "hls-ll" : "hls";
  info.stream = facts_.stream;
  info.peer = facts_.peer;
  info.since_wall_us = since_wall_us_;
  info.duration_ms = std::chrono::duration_cast<base::Millis>(base::mono_now() - since_).count();
  info.bytes_out = bytes_out_.load(std::memory_order_relaxed);
  info.correlation_id = facts_.correlation_id;
  info.user_agent = facts_.user_agent;
  return info;
}

HlsSessions::Shard &HlsSessions::shard_of(const std::string &name) {
  return shards_[std::hash<std::string>()(name) % shards_.size()];
}

HlsSessions::Found HlsSessions::find(const std::string &name, base::MonoTime now) {
  Shard &shard = shard_of(name);
  std::lock_guard lock(shard.mutex);
  auto session = shard.sessions.find(name);
  if (session != shard.sessions.end()) return {.session = session->second};
  auto refused = shard.refused.find(name);
  if (refused == shard.refused.end()) return {};
  if (now < refused->second) return {.refused = true};
  shard.refused.erase(refused);
  return {};
}

std::shared_ptr<HlsSession> HlsSessions::add(const std::shared_ptr<HlsSession> &session,
                                             std::uint32_t per_host) {
  const auto &facts = session->facts();
  if (!take_place(facts.host, per_host)) return nullptr;
  Shard &shard = shard_of(facts.name);
  std::unique_lock lock(shard.mutex);
  auto [place, is_new] = shard.sessions.emplace(facts.name, session);
  auto present = place->second;
  lock.unlock();
  if (!is_new) give_place_back(facts.host);
  return present;
}

void HlsSessions::remove(const HlsSession &session) {
  const auto &facts = session.facts();
  {
    Shard &shard = shard_of(facts.name);
    std::lock_guard lock(shard.mutex);
    auto found = shard.sessions.find(facts.name);
    if (found == shard.sessions.end() || found->second.get() != &session) return;
    shard.sessions.erase(found);
  }
  give_place_back(facts.host);
}

bool HlsSessions::take_place(const std::string &host, std::uint32_t per_host) {
  std::lock_guard lock(hosts_mutex_);
  return by_host_.take(host, per_host);
}

void HlsSessions::give_place_back(const std::string &host) {
  std::lock_guard lock(hosts_mutex_);
  by_host_.give_back(host);
}

void HlsSessions::refuse(const std::string &name, base::MonoTime until) {
  Shard &shard = shard_of(name);
  std::lock_guard lock(shard.mutex);
  if (shard.refused.size() >= kMaxRefused) {
    shard.refused.erase(std::ranges::min_element(shard.refused, {},
                                                 [](const auto &entry) { return entry.second; }));
  }
  shard.refused[name] = until;
}

}  // namespace sluice::deliver
