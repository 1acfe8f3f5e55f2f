// SPDX-License-Identifier: Apache-2.0
#include "tape/range.h"

#include <algorithm>
#include <utility>

namespace sluice::tape {

Range::Range(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {
  for (const Piece &piece : pieces_)
    size_ += piece.size;
}

Range Range::joined_with(const Range &next) const {
  std::vector<Piece> joined;
  joined.reserve(pieces_.size() + next.pieces_.size());
  joined = pieces_;
  for (const Piece &piece : next.pieces_) {
    if (!joined.empty() && joined.back().data + joined.back().size == piece.data &&
        joined.back().memory == piece.memory) {
      joined.back().size += piece.size;
    } else {
      joined.push_back(piece);
    }
  }
  return Range(std::move(joined));
}

std::size_t Range::gather(std::uint64_t offset, std::uint64_t length,
                          std::span<iovec> pieces) const {
  std::size_t count = 0;
  for (const Piece &piece : pieces_) {
    if (length == 0 || count == pieces.size()) break;
    if (offset >= piece.size) {
      offset -= piece.size;
      continue;
    }
    std::uint64_t taken = std::min<std::uint64_t>(length, piece.size - offset);
    // The kernel only reads; iovec has no const.
    pieces[count++] = {const_cast<std::byte *>(piece.data) + offset, taken};
    length -= taken;
    offset = 0;
  }
  return count;
}

}  // namespace sluice::tape
