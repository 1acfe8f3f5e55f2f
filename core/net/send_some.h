// SPDX-License-Identifier: Apache-2.0
// The one system call by which bytes leave a stream socket.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "base/result.h"

namespace sluice::net {

// Bytes that the kernel took; 0 means "not now". No signal when the peer is gone. Errors:
// Code::System.
base::Result<std::size_t> send_some(int fd, std::span<const iovec> pieces);

}  // namespace sluice::net
