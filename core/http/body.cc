// SPDX-License-Identifier: Apache-2.0
#include "http/body.h"

namespace sluice::http {

std::size_t TextBody::gather(std::uint64_t offset, std::uint64_t length,
                             std::span<iovec> pieces) const {
  if (length == 0 || pieces.empty()) return 0;
  // The kernel only reads through an iovec.
  pieces[0] = {const_cast<char *>(text_->data()) + offset, static_cast<std::size_t>(length)};
  return 1;
}

}  // namespace sluice::http
