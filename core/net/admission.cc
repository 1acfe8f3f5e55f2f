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
  if (!by_host_.take(host, limits_.per_address)) return std::unexpected(Refusal::PerAddress);
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
  const bool was_here = by_host_.give_back(host);
  SLUICE_CHECK(was_here && total_ > 0);
  --total_;
}

}  // namespace sluice::net
