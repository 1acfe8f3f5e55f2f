// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_measured.h"

namespace sluice::deliver {

void HlsMeasured::note(const std::string &name, stream::Format format, Entry entry) {
  std::lock_guard lock(mutex_);
  entries_.insert_or_assign({name, format}, std::move(entry));
}

std::optional<HlsMeasured::Entry> HlsMeasured::find(const std::string &name,
                                                    stream::Format format) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find({name, format});
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace sluice::deliver
