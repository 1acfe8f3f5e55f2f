// SPDX-License-Identifier: Apache-2.0
// TlsPieces: the pieces of one write, taken from the front in the portions that records are made
// of.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "base/bytes.h"

namespace sluice::net {

class TlsPieces {
 public:
  explicit TlsPieces(std::span<const iovec> all) : all_(all) { skip_empty(); }

  [[nodiscard]] bool empty() const { return at_ == all_.size(); }

  // The next bytes as one run, at most `limit`. Small pieces, such as the header of a chunk before
  // its body, are put together in `scratch`, so that they do not become records of their own.
  base::Bytes take(std::size_t limit, base::MutableBytes scratch) {
    bool last = at_ + 1 == all_.size();
    if (last || front().size() >= std::min(limit, scratch.size())) return take_front(limit);
    limit = std::min(limit, scratch.size());
    std::size_t size = 0;
    while (size < limit && !empty()) {
      base::Bytes run = take_front(limit - size);
      std::memcpy(scratch.data() + size, run.data(), run.size());
      size += run.size();
    }
    return scratch.first(size);
  }

 private:
  [[nodiscard]] base::Bytes front() const {
    const iovec &piece = all_[at_];
    return base::Bytes(static_cast<const std::byte *>(piece.iov_base), piece.iov_len)
        .subspan(offset_);
  }
  base::Bytes take_front(std::size_t limit) {
    base::Bytes run = front();
    run = run.first(std::min(run.size(), limit));
    offset_ += run.size();
    if (offset_ == all_[at_].iov_len) {
      ++at_;
      offset_ = 0;
      skip_empty();
    }
    return run;
  }
  void skip_empty() {
    while (at_ < all_.size() && all_[at_].iov_len == 0)
      ++at_;
  }

  std::span<const iovec> all_;
  std::size_t at_ = 0;
  std::size_t offset_ = 0;
};

}  // namespace sluice::net
