// SPDX-License-Identifier: Apache-2.0
// The service manager's notification protocol (sd_notify): one datagram per message to the socket
// that NOTIFY_SOCKET names. Without that variable every call does nothing.
#pragma once

#include <chrono>
#include <string_view>

namespace sluice::node {

// "READY=1", "STOPPING=1", "WATCHDOG=1"; several lines may go together.
void notify_service_manager(std::string_view message);

// How often the service manager wants to hear WATCHDOG=1: half of what it allows. 0 when it does
// not ask.
std::chrono::milliseconds watchdog_period();

}  // namespace sluice::node
