// SPDX-License-Identifier: Apache-2.0
// ParameterStore: the parameter sets of one kind by their ids, as they were sent last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace sluice::mux {

class ParameterStore {
 public:
  // Real sets are a few dozen bytes, and few.
  static constexpr std::size_t kMaxSets = 16;
  static constexpr std::size_t kMaxSize = 8192;

  enum class Put : std::uint8_t { Same, Changed, TooLarge };
  // The oldest one goes when there are too many.
  Put put(std::uint32_t id, base::Bytes nal) {
    if (nal.size() > kMaxSize) return Put::TooLarge;
    for (Set &set : sets_) {
      if (set.id != id) continue;
      if (set.nal == base::as_text(nal)) return Put::Same;
      set.nal = base::as_text(nal);
      return Put::Changed;
    }
    if (sets_.size() == kMaxSets) sets_.erase(sets_.begin());
    sets_.push_back({id, std::string(base::as_text(nal))});
    return Put::Changed;
  }

  [[nodiscard]] const std::string *find(std::uint32_t id) const {
    for (const Set &set : sets_) {
      if (set.id == id) return &set.nal;
    }
    return nullptr;
  }
  // Views of all, the one with that id first.
  [[nodiscard]] std::vector<base::Bytes> all(std::uint32_t first = 0) const {
    std::vector<base::Bytes> views;
    for (const Set &set : sets_) {
      const base::Bytes view = base::as_bytes(set.nal);
      views.insert(set.id == first ? views.begin() : views.end(), view);
    }
    return views;
  }
  [[nodiscard]] bool empty() const { return sets_.empty(); }
  [[nodiscard]] std::size_t size() const { return sets_.size(); }
  void clear() { sets_.clear(); }

 private:
  struct Set {
    std::uint32_t id;
    std::string nal;
  };
  std::vector<Set> sets_;
};

}  // namespace sluice::mux
