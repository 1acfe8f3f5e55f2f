// SPDX-License-Identifier: Apache-2.0
// Boxes of ISO/IEC 14496-12 and descriptors of ISO/IEC 14496-1, appended to a string. The size of
// each is written when it is closed, from what is then there: nothing is counted beforehand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "base/bytes.h"
#include "base/check.h"

namespace sluice::mux {

// Writes over four bytes that are there.
inline void patch_u32(std::string &out, std::size_t at, std::uint32_t value) {
  SLUICE_CHECK(at <= out.size() && out.size() - at >= 4);
  base::put_u32(reinterpret_cast<std::byte *>(out.data()) + at, value);
}

// Open from its construction to the end of its scope.
class Box {
 public:
  Box(std::string &out, const char (&type)[5]) : out_(out), start_(out.size()) {
    base::ByteWriter writer(out);
    writer.u32(0);
    writer.text(std::string_view(type, 4));
  }
  // A full box.
  Box(std::string &out, const char (&type)[5], std::uint8_t version, std::uint32_t flags)
      : Box(out, type) {
    base::ByteWriter(out).u32(std::uint32_t{version} << 24 | flags);
  }
  ~Box() {
    const std::size_t size = out_.size() - start_;
    SLUICE_CHECK(size <= std::numeric_limits<std::uint32_t>::max());
    patch_u32(out_, start_, static_cast<std::uint32_t>(size));
  }
  Box(const Box &) = delete;
  Box &operator=(const Box &) = delete;

 private:
  std::string &out_;
  std::size_t start_;
};

// Its size in four bytes of seven bits each, as everybody writes it.
class Descriptor {
 public:
  Descriptor(std::string &out, std::uint8_t tag) : out_(out) {
    base::ByteWriter writer(out);
    writer.u8(tag);
    writer.u32(0);
    start_ = out.size();
  }
  ~Descriptor() {
    const std::size_t size = out_.size() - start_;
    SLUICE_CHECK(size < 1U << 28);
    const auto bits = static_cast<std::uint32_t>(size);
    patch_u32(out_, start_ - 4,
              0x8080'8000 | (bits >> 21 & 0x7f) << 24 | (bits >> 14 & 0x7f) << 16 |
                  (bits >> 7 & 0x7f) << 8 | (bits & 0x7f));
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;

 private:
  std::string &out_;
  std::size_t start_ = 0;
};

}  // namespace sluice::mux
