// SPDX-License-Identifier: Apache-2.0
// UTF-8 as peers, files and terminals must have it (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::base {

// The length in bytes of the well-formed character at the front of `text`, or 0: no overlong forms,
// no surrogates, nothing above U+10FFFF.
constexpr std::size_t utf8_length(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (text.size() < length) return 0;
  // Overlong forms, surrogates and what lies too high are told by the second byte.
  unsigned char lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  unsigned char highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < lowest || byte(1) > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  return length;
}

// Whether a well-formed character is a control character: those of ASCII, and U+0080 to U+009F, on
// which terminals act too.
constexpr bool is_utf8_control(std::string_view character) {
  auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

}  // namespace sluice::base
