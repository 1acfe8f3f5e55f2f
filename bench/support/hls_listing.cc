// SPDX-License-Identifier: Apache-2.0
// The lines of a playlist.
#include "support/hls_listing.h"

#include <algorithm>
#include <charconv>

namespace sluice::bench {
namespace {

template <class T>
T number(std::string_view text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The rest of the line behind the tag; nothing when it is another line.
std::optional<std::string_view> tag(std::string_view line, std::string_view name) {
  if (!line.starts_with(name)) return {};
  return line.substr(name.size());
}

std::string_view quoted_uri(std::string_view attributes) {
  constexpr std::string_view kName = "URI=\"";
  std::size_t begin = attributes.find(kName);
  if (begin == std::string_view::npos) return {};
  std::string_view rest = attributes.substr(begin + kName.size());
  return rest.substr(0, rest.find('"'));
}

void read_line(std::string_view line, HlsListing &listing) {
  if (line.empty()) return;
  if (line.front() != '#') {
    listing.uris.push_back(line);
    listing.next_msn++;
    listing.next_part = 0;
  } else if (auto part = tag(line, "#EXT-X-PART:")) {
    listing.parts.push_back(quoted_uri(*part));
    listing.next_part++;
  } else if (auto first = tag(line, "#EXT-X-MEDIA-SEQUENCE:")) {
    listing.next_msn = number<std::uint64_t>(*first);
  } else if (auto target = tag(line, "#EXT-X-TARGETDURATION:")) {
    listing.target_s = number<double>(*target);
  } else if (line.starts_with("#EXT-X-STREAM-INF:")) {
    listing.is_master = true;
  }
}

}  // namespace

std::optional<HlsListing> read_listing(std::string_view text) {
  if (!text.starts_with("#EXTM3U")) return {};
  HlsListing listing;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    read_line(text.substr(0, end), listing);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return listing;
}

}  // namespace sluice::bench
