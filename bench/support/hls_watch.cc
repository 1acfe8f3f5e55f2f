// SPDX-License-Identifier: Apache-2.0
// The player's next step.
#include "support/hls_watch.h"

#include <algorithm>
#include <utility>

namespace sluice::bench {
namespace {

// Where a player without low latency begins, from the end.
constexpr std::size_t kBehind = 3;

}  // namespace

HlsRequest HlsWatch::next() {
  if (wanted_.empty()) {
    return {HlsRequest::Kind::Playlist, path_ + query_, std::exchange(pause_ns_, 0)};
  }
  HlsRequest request{HlsRequest::Kind::Media, std::move(wanted_.front()), 0};
  wanted_.pop_front();
  return request;
}

bool HlsWatch::on_playlist(std::string_view text) {
  auto listing = read_listing(text);
  if (!listing) return false;
  if (listing->is_master) {
    if (listing->uris.empty()) return false;
    path_ = beside(listing->uris.front());
    return true;
  }
  bool changed = std::exchange(last_msn_, listing->next_msn) != listing->next_msn;
  changed |= std::exchange(last_part_, listing->next_part) != listing->next_part;
  changes_ += changed;
  auto target_ns = static_cast<std::int64_t>(listing->target_s * 1e9);
  switch (style_) {
    case HlsStyle::LowLatency:
    case HlsStyle::Reload:
      if (style_ == HlsStyle::LowLatency) want_new(listing->parts);
      query_ = "?_HLS_msn=" + std::to_string(listing->next_msn) +
               "&_HLS_part=" + std::to_string(listing->next_part);
      break;
    case HlsStyle::Plain:
      want_new(listing->uris);
      pause_ns_ = changed ? target_ns : target_ns / 2;
      break;
    case HlsStyle::Files:
      want_files(listing->uris);
      pause_ns_ = lap_ns_;
      break;
  }
  return true;
}

// Those behind the newest that was asked for; at first, the player's place from the end.
void HlsWatch::want_new(const std::vector<std::string_view> &uris) {
  if (uris.empty()) return;
  auto last = std::ranges::find(uris, std::string_view(newest_));
  std::size_t behind = style_ == HlsStyle::Plain ? kBehind : 1;
  auto first = last != uris.end()
                   ? last + 1
                   : uris.end() - std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(behind),
                                                           std::ssize(uris));
  for (auto uri = first; uri != uris.end(); ++uri)
    wanted_.push_back(beside(*uri));
  newest_ = uris.back();
}

// Without a pause all of them; with one, each time another one, so that it sets the bit rate.
void HlsWatch::want_files(const std::vector<std::string_view> &uris) {
  if (uris.empty()) return;
  if (lap_ns_ > 0) return wanted_.push_back(beside(uris[laps_++ % uris.size()]));
  for (std::string_view uri : uris)
    wanted_.push_back(beside(uri));
}

// In the playlist's folder.
std::string HlsWatch::beside(std::string_view uri) const {
  return path_.substr(0, path_.rfind('/') + 1).append(uri);
}

}  // namespace sluice::bench
