// SPDX-License-Identifier: Apache-2.0
// Bytes written as hexadecimal, for tests of wire formats: hex("02 0003 'abc'") reads quoted parts
// as they are.
#pragma once

#include <string>
#include <string_view>

namespace sluice::wire::test {

inline std::string hex(std::string_view text) {
  std::string out;
  auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ') {
      ++i;
    } else if (text[i] == '\'') {
      std::size_t end = text.find('\'', i + 1);
      out += text.substr(i + 1, end - i - 1);
      i = end + 1;
    } else {
      out.push_back(static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1])));
      i += 2;
    }
  }
  return out;
}

}  // namespace sluice::wire::test
