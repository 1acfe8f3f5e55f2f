// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/farewells.h"

#include <array>
#include <utility>

namespace sluice::ingest::rtsp {
namespace {

constexpr base::Millis kMoment{500};

}  // namespace

class Farewells::Leaving final : public net::SocketEvents {
 public:
  Leaving(Farewells &owner, std::unique_ptr<net::Socket> socket)
      : owner_(owner),
        socket_(std::move(socket)),
        moment_(owner.loop_, [this] { owner_.remove(*this); }) {
    moment_.start(kMoment);
    socket_->set_events(this);
    socket_->shutdown_write();
  }

 private:
  void on_readable() override {
    std::array<std::byte, 16 * 1024> dropped;
    if (!socket_->read(dropped)) owner_.remove(*this);
  }
  void on_writable() override {}

  Farewells &owner_;
  std::unique_ptr<net::Socket> socket_;
  loop::Timer moment_;
};

Farewells::Farewells(loop::Loop &loop) : loop_(loop) {}

Farewells::~Farewells() = default;

void Farewells::add(std::unique_ptr<net::Socket> socket) {
  if (leaving_.size() >= kMax) return;
  auto leaving = std::make_unique<Leaving>(*this, std::move(socket));
  Leaving *key = leaving.get();
  leaving_.emplace(key, std::move(leaving));
}

void Farewells::remove(Leaving &leaving) { leaving_.erase(&leaving); }

}  // namespace sluice::ingest::rtsp
