// SPDX-License-Identifier: Apache-2.0
// HlsSessionNames: gives HLS sessions their names, and knows those again that it gave, without a
// table of them. A name that somebody made up takes no seat and holds no request.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::deliver {

// Thread-safe: nothing changes after the construction. One per node; another one, also that of
// the node after a restart, does not know this one's names.
class HlsSessionNames {
 public:
  HlsSessionNames();

  // "~", 66 random bits, and 66 bits of their HMAC with a key that nobody else has, in base64url.
  [[nodiscard]] std::string make() const;
  [[nodiscard]] bool gave(std::string_view name) const;

 private:
  [[nodiscard]] std::string seal(std::string_view random) const;

  std::array<std::byte, 32> key_;
};

}  // namespace sluice::deliver
