// SPDX-License-Identifier: Apache-2.0
// AddedSources: the sources that came through the admin API instead of the configuration. They are
// kept in one file of node.state_dir, in the configuration's own format and with its secrets, so
// that only the node may read it; it is read with the same loader and the same checks. Lives on the
// main loop, on which it also writes: at most kMaxBytes, which the loop bears, and an answer is
// given only when they are on the disk.
#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

namespace sluice::node {

class AddedSources {
 public:
  static constexpr std::size_t kMaxSources = 2'000;
  static constexpr std::size_t kMaxBytes = 1024 * 1024;  // as much as the loader reads

  using Streams = std::map<std::string, config::StreamOverrides, std::less<>>;

  // Reads what was kept. A file with mistakes is logged and left as it is: nothing can be added or
  // removed until it is mended or taken away.
  explicit AddedSources(const std::string &state_dir);

  // The new set is on the disk, or nothing has changed. Errors: Busy (too many or too large),
  // Operator (the file has mistakes), System.
  base::Status put(const std::string &name, config::StreamOverrides overrides);
  base::Status remove(const std::string &name);

  [[nodiscard]] const Streams &streams() const { return streams_; }
  [[nodiscard]] bool contains(std::string_view name) const { return streams_.contains(name); }

  // The configuration with what was added; where both have a name, the configuration's own wins.
  [[nodiscard]] config::Config laid_over(const config::Config &own) const;

 private:
  base::Status keep(Streams next);

  const std::string path_;
  bool is_broken_ = false;
  Streams streams_;
};

// The body of a PUT as an entry of `streams`, checked as the configuration is; else what is wrong
// with it, without any of its secrets. Files and the environment are not read for it.
std::expected<config::StreamOverrides, std::string> parse_added_source(const std::string &name,
                                                                       std::string_view body);

}  // namespace sluice::node
