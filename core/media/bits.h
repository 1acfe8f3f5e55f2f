// SPDX-License-Identifier: Apache-2.0
// BitReader over an RBSP, and the removal of emulation prevention bytes. Like ByteReader, the first
// short read makes it bad and everything after it yields zero; Exp-Golomb codes longer than 32 bits
// make it bad too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace sluice::media {

class BitReader {
 public:
  explicit BitReader(base::Bytes bytes) : bytes_(bytes) {}

  std::uint32_t bits(unsigned n);  // at most 32
  bool flag() { return bits(1) != 0; }
  void skip(std::size_t n);
  std::uint32_t ue();  // ue(v) of ITU-T H.264 clause 9.1
  std::int32_t se();   // se(v)

  [[nodiscard]] std::size_t position() const { return position_; }  // in bits
  void fail() { ok_ = false; }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  base::Bytes bytes_;
  std::size_t position_ = 0;  // in bits
  bool ok_ = true;
};

// A NAL unit's bytes without the 0x03 of each 0x000003. At most `limit` bytes of the NAL unit are
// looked at.
std::string rbsp_of(base::Bytes nal, std::size_t limit);

// The same into memory of the caller, for what is asked of every slice: as much as fits.
base::Bytes rbsp_into(base::Bytes nal, base::MutableBytes out);

}  // namespace sluice::media
