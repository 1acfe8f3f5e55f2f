// SPDX-License-Identifier: Apache-2.0
#include "mux/frame_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::mux {

bool FrameWriter::reserve(std::size_t bytes) {
  if (bytes <= buffer_.capacity()) return true;
  media::Buffer larger = pool_.take(bytes);
  if (!larger) {
    failure_ = Damage::NoMemory;
    return false;
  }
  if (size_ > 0) std::memcpy(larger.memory().data(), buffer_.memory().data(), size_);
  copied_bytes_ += size_;
  buffer_ = std::move(larger);
  return true;
}

bool FrameWriter::append(base::Bytes bytes) {
  if (bytes.empty()) return true;
  if (bytes.size() > max_bytes_ - std::min(size_, max_bytes_)) {
    failure_ = Damage::TooLarge;
    return false;
  }
  const std::size_t end = size_ + bytes.size();
  if (end > buffer_.capacity() && !reserve(std::max(end, std::min(2 * size_, max_bytes_)))) {
    return false;
  }
  std::memcpy(buffer_.memory().data() + size_, bytes.data(), bytes.size());
  copied_bytes_ += bytes.size();
  size_ = end;
  return true;
}

media::Slice FrameWriter::take(std::size_t offset) {
  media::Slice frame{std::move(buffer_), static_cast<std::uint32_t>(offset),
                     static_cast<std::uint32_t>(size_ - offset)};
  buffer_ = {};
  size_ = 0;
  return frame;
}

}  // namespace sluice::mux
