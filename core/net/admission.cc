// SPDX-License-Identifier: Apache-2.0
#include "net/admission.h"

#include <utility>

#include "base/check.h"

namespace sluice::net {

Admission::Permit::Permit(Permit &&other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), host_(std::move(other.host_)) {}

Admission::Permit &Admission::Permit::operator=(Permit &&other) noexcept {
  if (this != &other) {
    reset();
    owner_ = std::exchange(other.owner_, nullptr);
    host_ = std::move(other.host_);
  }
  return *this;
}

void Admission::Permit::reset() {
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->leave(host_);
}

std::expected<Admission::Permit, Admission::Refusal> Admission::admit(const Address &peer) {
  std::string host = peer.site();
  std::lock_guard lock(mutex_);
  if (total_ >= limits_.total) return std::unexpected(Refusal::Total);
  std::size_t &here = by_host_[host];
  if (here >= limits_.per_address) {
    if (here == 0) by_host_.erase(host);
    return std::unexpected(Refusal::PerAddress);
  }
  ++here;
  ++total_;
  return Permit(*this, std::move(host));
}

void Admission::set_limits(Limits limits) {
  std::lock_guard lock(mutex_);
  limits_ = limits;
}

std::size_t Admission::total() const {
  std::lock_guard lock(mutex_);
  return total_;
}

void Admission::leave(const std::string &host) {
  std::lock_guard lock(mutex_);
  auto found = by_host_.find(host);
  SLUICE_CHECK(found != by_host_.end() && total_ > 0);
  if (--found->second == 0) by_host_.erase(found);
  --total_;
}

}  // namespace sluice::net
