// SPDX-License-Identifier: Apache-2.0
#include "net/connector.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/fd.h"

namespace sluice::net {
namespace {

// Addresses that are tried at the same time.
constexpr std::size_t kAtOnce = 3;

}  // namespace

class Connector::Attempt {
 public:
  Attempt(Connector &owner, const Address &address)
      : owner_(owner), address_(address), deadline_(owner.loop_, [this] {
          owner_.on_attempt_done(*this, base::fail(base::Domain::Net, base::Code::TimedOut,
                                                   "the host does not answer"));
        }) {}

  base::Status start() {
    fd_ = Fd(::socket(address_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_.valid()) return base::fail(base::system_error("cannot make a socket"));
    int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_.get(), address_.get(), address_.length()) != 0 && errno != EINPROGRESS) {
      return base::fail(base::system_error("cannot connect"));
    }
    poll_ = std::make_unique<loop::Poll>(owner_.loop_, fd_.get(), [this](int) { on_writable(); });
    poll_->watch(UV_WRITABLE);
    deadline_.start(owner_.options_.per_address);
    return {};
  }

 private:
  void on_writable() {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) {
      errno = error;
      owner_.on_attempt_done(*this, base::fail(base::system_error("cannot connect")));
      return;
    }
    sockaddr_storage local{};
    size = sizeof local;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr *>(&local), &size);
    poll_.reset();  // the descriptor has one poll at a time
    owner_.on_attempt_done(
        *this, std::make_unique<Socket>(owner_.loop_, fd_.release(), address_, Address(local)));
  }

  Connector &owner_;
  Address address_;
  Fd fd_;  // closed after poll_ is gone
  std::unique_ptr<loop::Poll> poll_;
  loop::Timer deadline_;
};

Connector::Connector(loop::Loop &loop, Resolver &resolver, Target target, Options options,
                     OnOutcome on_outcome)
    : loop_(loop),
      options_(options),
      on_outcome_(std::move(on_outcome)),
      last_error_{base::Domain::Net, base::Code::TimedOut, 0, "the host does not answer"},
      deadline_(loop, [this] { finish(base::fail(last_error_)); }),
      company_(loop, [this] { try_next(); }) {
  deadline_.start(options_.total);
  query_ = resolver.resolve(target.host, target.port, options_.total,
                            [this](Resolver::Answer answer) { on_addresses(std::move(answer)); });
}

Connector::~Connector() = default;

void Connector::on_addresses(Resolver::Answer answer) {
  if (!answer) {
    finish(base::fail(answer.error()));
    return;
  }
  std::ranges::copy_if(*answer, std::back_inserter(addresses_), [this](const Address &address) {
    return options_.filter == nullptr || options_.filter->admits(address);
  });
  if (addresses_.empty()) {
    last_error_ = {base::Domain::Net, base::Code::Refused, 0,
                   "the host has no address that may be connected to"};
  }
  try_next();
}

void Connector::try_next() {
  company_.stop();
  while (next_ < addresses_.size() && attempts_.size() < kAtOnce) {
    auto attempt = std::make_unique<Attempt>(*this, addresses_[next_++]);
    if (auto started = attempt->start(); !started) {
      last_error_ = started.error();
      continue;
    }
    attempts_.push_back(std::move(attempt));
    if (next_ < addresses_.size()) company_.start(options_.head_start);
    return;
  }
  if (attempts_.empty()) finish(base::fail(last_error_));
}

void Connector::on_attempt_done(Attempt &attempt, Outcome outcome) {
  if (outcome) {
    finish(std::move(outcome));
    return;
  }
  last_error_ = outcome.error();
  std::erase_if(attempts_, [&](const auto &held) { return held.get() == &attempt; });
  try_next();
}

// The owner may destroy this Connector from inside its callback, so that comes last.
void Connector::finish(Outcome outcome) {
  query_.reset();
  attempts_.clear();
  deadline_.stop();
  company_.stop();
  OnOutcome on_outcome = std::move(on_outcome_);
  on_outcome(std::move(outcome));
}

}  // namespace sluice::net
