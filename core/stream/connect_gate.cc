// SPDX-License-Identifier: Apache-2.0
#include "stream/connect_gate.h"

namespace sluice::stream {

ConnectGate::Permit &ConnectGate::Permit::operator=(Permit &&other) noexcept {
  if (this == &other) return *this;
  give_back();
  gate_ = std::exchange(other.gate_, nullptr);
  site_ = std::move(other.site_);
  return *this;
}

void ConnectGate::Permit::give_back() {
  if (gate_ == nullptr) return;
  ConnectGate *gate = std::exchange(gate_, nullptr);
  gate->main_.tell([gate, site = std::move(site_)] { gate->leave(site); });
}

void ConnectGate::post_ask(std::string site, Enter enter) {
  main_.tell([this, site = std::move(site), enter = std::move(enter)]() mutable {
    if (closed_) return;
    sites_[site].queue.push_back(std::move(enter));
    let_in(site);
  });
}

void ConnectGate::leave(const std::string &site) {
  auto found = sites_.find(site);
  if (found == sites_.end()) return;
  --found->second.busy;
  let_in(site);
}

void ConnectGate::let_in(const std::string &name) {
  auto found = sites_.find(name);
  Site &site = found->second;
  while (!site.queue.empty() && site.busy < config_->source.max_connecting_per_site) {
    Enter enter = std::move(site.queue.front());
    site.queue.pop_front();
    ++site.busy;
    enter(Permit(*this, name));
  }
  if (site.busy == 0 && site.queue.empty()) sites_.erase(found);
}

void ConnectGate::close() {
  closed_ = true;
  sites_.clear();
}

}  // namespace sluice::stream
