// SPDX-License-Identifier: Apache-2.0
// HlsListing: what a player reads in a playlist (RFC 8216bis). The views are into the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::bench {

struct HlsListing {
  bool is_master = false;
  std::vector<std::string_view> uris;   // of the segments; of a master, of its variants
  std::vector<std::string_view> parts;  // of all that are listed, oldest first
  double target_s = 0;
  std::uint64_t next_msn = 0;   // of the segment that is being cut
  std::uint64_t next_part = 0;  // of its next part
};

// Nothing when it is no playlist.
std::optional<HlsListing> read_listing(std::string_view text);

}  // namespace sluice::bench
