// SPDX-License-Identifier: Apache-2.0
// HlsRenditions: the streams that show the same as one of them, the main one, in one container:
// what its master playlist can say of each, and what each one's playlist reports of the others.
// Most streams are alone. Lives on its loop, in a channel.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "deliver/hls_measured.h"
#include "deliver/hls_playlist.h"
#include "stream/segments.h"
#include "stream/shelf.h"

namespace sluice::deliver {

// Of the first list. A player with low latency begins a few parts behind the newest; with one
// complete segment listed that is inside it, and hls.js then asks for its parts again and again.
// GStreamer's hlsdemux2 of 1.22 loses its place when a list of one segment becomes one of two.
inline constexpr unsigned kLeastSegments = 2;

class HlsRenditions {
 public:
  // begin: is asked to have a stream cut into segments on this loop. shelf and measured must
  // outlive it.
  HlsRenditions(const stream::Shelf &shelf, HlsMeasured &measured, stream::Format format,
                std::string main, std::function<void(const std::string &)> begin);

  // What a master playlist can say now. Streams that are offline are left out.
  struct Survey {
    std::vector<HlsVariant> variants;  // URIs are as from the main stream's media playlist
    std::shared_ptr<const stream::StreamEntry> entry;  // of the first one that is live; may be null
    bool has_main = false;
    bool is_complete = true;  // false: others were made to begin, and will soon be known
  };
  Survey survey();

  // Has the others cut too while `from` is read, so that a player finds their playlists ready when
  // it changes over. Not those for which a camera is pulled on demand: that begins with their first
  // request.
  void keep_others(std::string_view from);

  // What the playlist of `from` says of the others that are being cut: as they are at this moment.
  [[nodiscard]] std::vector<RenditionReport> reports(std::string_view from) const;

 private:
  void look_at(const std::string &name, Survey &survey);
  void keep(const std::string &name);
  [[nodiscard]] std::shared_ptr<const stream::SegmentList> list_of(
      const stream::StreamEntry *entry) const;
  [[nodiscard]] std::optional<HlsVariant> remembered(const std::string &name,
                                                     const stream::StreamEntry *entry) const;
  [[nodiscard]] bool may_begin(const std::string &name, const stream::StreamEntry *entry) const;
  [[nodiscard]] bool may_be_pulled(const std::string &name) const;
  [[nodiscard]] std::string uri_of(const std::string &name) const;

  const stream::Shelf &shelf_;
  HlsMeasured &measured_;
  const stream::Format format_;
  const std::string main_;
  const std::function<void(const std::string &)> begin_;
};

// Whether the stream, or one of its renditions, is known to the loop.
[[nodiscard]] bool is_any_known(const stream::Shelf &shelf, std::string_view main);

}  // namespace sluice::deliver
