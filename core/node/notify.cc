// SPDX-License-Identifier: Apache-2.0
#include "node/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace sluice::node {

void notify_service_manager(std::string_view message) {
  const char *path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
  // Kept open: a node that is out of descriptors is alive, and must be able to say so.
  static const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  // A service manager that does not listen is not our failure.
  [[maybe_unused]] auto sent = sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                                      reinterpret_cast<const sockaddr *>(&address), size);
}

std::chrono::milliseconds watchdog_period() {
  const char *text = std::getenv("WATCHDOG_USEC");
  if (text == nullptr) return {};
  std::int64_t microseconds = 0;
  std::from_chars(text, text + std::strlen(text), microseconds);
  return std::chrono::milliseconds(microseconds / 2000);
}

}  // namespace sluice::node
