// SPDX-License-Identifier: Apache-2.0
#include "net/outbox.h"

namespace sluice::net {

base::Status Outbox::send(std::string_view bytes) {
  if (pending_.empty()) {
    SLUICE_TRY(sent, socket_.write(base::as_bytes(bytes)));
    bytes.remove_prefix(sent);
    if (bytes.empty()) return {};
  }
  if (bytes.size() > max_bytes_ - pending_.size()) {
    return base::fail(base::Domain::Net, base::Code::TooLarge,
                      "the peer does not read what it is sent");
  }
  bool first = pending_.empty();
  pending_.append(bytes);
  if (first) socket_.watch_writable(true);
  return {};
}

base::Status Outbox::flush() {
  if (pending_.empty()) return {};
  SLUICE_TRY(sent, socket_.write(base::as_bytes(pending_)));
  pending_.erase(0, sent);
  if (pending_.empty()) socket_.watch_writable(false);
  return {};
}

}  // namespace sluice::net
