// SPDX-License-Identifier: Apache-2.0
// ConnectGate: how many attempts may be under way to one site, over all loops. A recorder with many
// channels must not be asked for all of them in the same moment. Lives on the main loop; whoever is
// let in holds a Permit on its own loop.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "config/live.h"
#include "loop/loop.h"

namespace sluice::stream {

class ConnectGate {
 public:
  ConnectGate(loop::Loop &main, const config::Live &config) : main_(main), config_(config) {}

  // A place among the attempts to a site, given back by its end. Any thread; the gate outlives it.
  class Permit {
   public:
    Permit() = default;
    Permit(ConnectGate &gate, std::string site) : gate_(&gate), site_(std::move(site)) {}
    Permit(Permit &&other) noexcept
        : gate_(std::exchange(other.gate_, nullptr)), site_(std::move(other.site_)) {}
    Permit &operator=(Permit &&other) noexcept;
    ~Permit() { give_back(); }

    void give_back();

   private:
    ConnectGate *gate_ = nullptr;
    std::string site_;
  };

  // [any thread] In its turn `enter` is called on the main loop and carries the permit to the loop
  // of the one who asked; whoever no longer wants it just drops it.
  using Enter = std::move_only_function<void(Permit)>;
  void post_ask(std::string site, Enter enter);

  // [main] Nobody is let in any more.
  void close();
  [[nodiscard]] std::size_t sites() const { return sites_.size(); }

 private:
  struct Site {
    std::uint32_t busy = 0;
    std::deque<Enter> queue;
  };
  void leave(const std::string &site);
  void let_in(const std::string &name);

  loop::Loop &main_;
  const config::Live &config_;
  std::map<std::string, Site, std::less<>> sites_;  // only those with somebody
  bool closed_ = false;
};

}  // namespace sluice::stream
