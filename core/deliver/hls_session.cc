// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"

namespace sluice::deliver {
namespace {

// As many as an operator may have kicked lately.
constexpr std::size_t kMaxRefused = 10'000;

}  // namespace

std::string make_hls_session_name() {
  std::array<std::byte, 16> random;
  base::random_bytes(random);
  std::string text = base::base64(random).substr(0, 22);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return "~" + text;
}

HlsSession::HlsSession(Facts facts) : facts_(std::move(facts)) {}

void HlsSession::enter(stream::SessionTable &table, std::function<void()> on_kick) {
  on_kick_ = std::move(on_kick);
  id_ = table.add(*this);
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

std::shared_ptr<HlsSession> HlsSessions::find(const std::string &name, std::string_view stream) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(name);
  if (found == sessions_.end() || found->second->facts().stream != stream) return nullptr;
  return found->second;
}

HlsSessions::Added HlsSessions::add(const std::shared_ptr<HlsSession> &session,
                                    std::uint32_t per_host) {
  const auto &facts = session->facts();
  std::lock_guard lock(mutex_);
  if (sessions_.contains(facts.name)) return Added::Exists;
  std::uint32_t &of_host = by_host_[facts.host];
  if (of_host >= per_host) return Added::TooMany;
  ++of_host;
  sessions_.emplace(facts.name, session);
  return Added::Yes;
}

void HlsSessions::remove(const HlsSession &session) {
  const auto &facts = session.facts();
  std::lock_guard lock(mutex_);
  if (sessions_.erase(facts.name) == 0) return;
  auto of_host = by_host_.find(facts.host);
  if (of_host != by_host_.end() && --of_host->second == 0) by_host_.erase(of_host);
}

void HlsSessions::refuse(const std::string &name, base::MonoTime until) {
  std::lock_guard lock(mutex_);
  if (refused_.size() >= kMaxRefused) refused_.erase(refused_.begin());
  refused_[name] = until;
}

bool HlsSessions::refuses(const std::string &name, base::MonoTime now) {
  std::lock_guard lock(mutex_);
  auto found = refused_.find(name);
  if (found == refused_.end()) return false;
  if (now < found->second) return true;
  refused_.erase(found);
  return false;
}

}  // namespace sluice::deliver
