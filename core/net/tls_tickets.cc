// SPDX-License-Identifier: Apache-2.0
#include "net/tls_tickets.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "base/hash.h"

namespace sluice::net {
namespace {

TlsTickets::Key make_key() {
  TlsTickets::Key key;
  base::random_bytes(key.name);
  base::random_bytes(key.cipher);
  base::random_bytes(key.mac);
  return key;
}

void wipe(TlsTickets::Key &key) { OPENSSL_cleanse(&key, sizeof key); }

}  // namespace

TlsTickets::TlsTickets() : current_(make_key()), since_(base::mono_now()) {}

TlsTickets::~TlsTickets() {
  wipe(current_);
  if (previous_) wipe(*previous_);
}

TlsTickets::Key TlsTickets::current(base::MonoTime now) {
  std::lock_guard lock(mutex_);
  rotate(now);
  return current_;
}

std::optional<TlsTickets::Found> TlsTickets::find(base::Bytes name, base::MonoTime now) {
  std::lock_guard lock(mutex_);
  rotate(now);
  if (std::ranges::equal(name, current_.name)) return Found{current_, true};
  if (previous_ && std::ranges::equal(name, previous_->name)) return Found{*previous_, false};
  return std::nullopt;
}

// A node that nobody came to for two lifetimes has no key left that a ticket could be under.
void TlsTickets::rotate(base::MonoTime now) {
  auto age = now - since_;
  if (age < kLifetime) return;
  if (previous_) wipe(*previous_);
  previous_ = age < 2 * kLifetime ? std::optional(current_) : std::nullopt;
  wipe(current_);
  current_ = make_key();
  since_ = now;
}

}  // namespace sluice::net
