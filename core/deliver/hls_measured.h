// SPDX-License-Identifier: Apache-2.0
// HlsMeasured: what was last known of the segments of streams that are renditions, so that a master
// playlist can list one that nobody reads at the moment. One per node.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "deliver/hls_playlist.h"
#include "stream/format.h"

namespace sluice::deliver {

class HlsMeasured {
 public:
  struct Entry {
    std::uint64_t epoch = 0;  // of the publisher that it is true of
    HlsVariant variant;       // without a URI
  };

  // [any loop] Names are of the configuration, or were before a reload, which bounds what is kept.
  void note(const std::string &name, stream::Format format, Entry entry);
  [[nodiscard]] std::optional<Entry> find(const std::string &name, stream::Format format) const;

 private:
  using Entries = std::map<std::pair<std::string, stream::Format>, Entry>;
  // Protects entries_. Contended by requests for master playlists with several variants.
  mutable std::mutex mutex_;
  Entries entries_;
};

}  // namespace sluice::deliver
