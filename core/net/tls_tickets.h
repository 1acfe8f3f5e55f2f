// SPDX-License-Identifier: Apache-2.0
// TlsTickets: the keys under which clients carry their sessions (RFC 5077, RFC 8446 section 4.6.1).
// One object for all loops and for every context that follows another on a reload, so that a client
// resumes on any worker and after a reload. The keys live in memory only, and are replaced with
// time, so that who learns them later reads nothing that was sent long before.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"

namespace sluice::net {

class TlsTickets {
 public:
  // How long a session may be resumed, and after which a new key is made. The key before stays good
  // for reading, so that a ticket lives this long at least.
  static constexpr std::chrono::hours kLifetime{6};

  struct Key {
    std::array<std::byte, 16> name{};  // sent in the clear, so that the key is found again
    std::array<std::byte, 32> cipher{};
    std::array<std::byte, 32> mac{};
  };

  TlsTickets();
  ~TlsTickets();
  TlsTickets(const TlsTickets &) = delete;
  TlsTickets &operator=(const TlsTickets &) = delete;

  // [any thread] The key for new tickets at this time.
  [[nodiscard]] Key current(base::MonoTime now);

  struct Found {
    Key key;
    bool is_current = false;
  };
  // [any thread] The key of this name, when it is known still.
  [[nodiscard]] std::optional<Found> find(base::Bytes name, base::MonoTime now);

 private:
  void rotate(base::MonoTime now);

  // Protects everything below. Contended by the loops that shake hands, once or twice per
  // handshake, to copy 80 bytes.
  std::mutex mutex_;
  Key current_;
  std::optional<Key> previous_;
  base::MonoTime since_;
};

}  // namespace sluice::net
