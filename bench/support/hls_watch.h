// SPDX-License-Identifier: Apache-2.0
// HlsWatch: what a player of one live HLS playlist asks for next, one request after the other.
// Pure: whoever owns it has the connection and the clock.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "support/hls_listing.h"

namespace sluice::bench {

enum class HlsStyle : std::uint8_t {
  LowLatency,  // blocking reload, then the part that it brought
  Reload,      // blocking reload and nothing else
  Plain,       // reload once in a target duration, then the segments that are new
  Files,       // the playlist and all segments listed, over and over; with a lap one of them
};

struct HlsRequest {
  enum class Kind : std::uint8_t { Playlist, Media };
  Kind kind = Kind::Playlist;
  std::string path;
  std::int64_t pause_ns = 0;  // before it is sent
};

class HlsWatch {
 public:
  // lap_ns: of Files, the pause before each playlist.
  HlsWatch(HlsStyle style, std::string path, std::int64_t lap_ns)
      : style_(style), path_(std::move(path)), lap_ns_(lap_ns) {}

  // What to ask for now.
  [[nodiscard]] HlsRequest next();
  // The playlist that came for the last request; a master leads to the one that it names. False:
  // no playlist.
  bool on_playlist(std::string_view text);

  // How many playlists came that were not the one before.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

 private:
  [[nodiscard]] std::string beside(std::string_view uri) const;
  void want_new(const std::vector<std::string_view> &uris);
  void want_files(const std::vector<std::string_view> &uris);

  HlsStyle style_;
  std::string path_;  // of the playlist
  std::int64_t lap_ns_;
  std::uint64_t laps_ = 0;
  std::int64_t pause_ns_ = 0;  // before the next playlist
  std::string query_;          // of the next playlist
  std::deque<std::string> wanted_;
  std::string newest_;  // the last URI that was asked for
  std::uint64_t last_msn_ = 0, last_part_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace sluice::bench
