// SPDX-License-Identifier: Apache-2.0
// KeyedCounts: how many of something each of many keys has, within a limit: connections of a host,
// requests of a session. Keys that have none take no memory. For one thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

namespace sluice::base {

class KeyedCounts {
 public:
  // False when the key has that many already.
  [[nodiscard]] bool take(const std::string &key, std::size_t limit) {
    auto found = counts_.find(key);
    if ((found == counts_.end() ? 0 : found->second) >= limit) return false;
    ++counts_[key];
    return true;
  }
  // What take() gave. False when the key has none.
  bool give_back(const std::string &key) {
    auto found = counts_.find(key);
    if (found == counts_.end()) return false;
    if (--found->second == 0) counts_.erase(found);
    return true;
  }

 private:
  std::unordered_map<std::string, std::size_t> counts_;  // never 0
};

}  // namespace sluice::base
