// SPDX-License-Identifier: Apache-2.0
// EndCounters: sluice_sessions_total of one kind of session, by the word that says why it ended.
// Shared by all loops.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/registry.h"

namespace sluice::stream {

class EndCounters {
 public:
  // kind: as in SessionInfo. reasons: the documented words of that kind, as literals.
  EndCounters(metrics::Registry &registry, const char *kind,
              std::initializer_list<const char *> reasons);

  // reason must be one of the words.
  void count(std::string_view reason) const;

 private:
  std::vector<std::pair<std::string_view, metrics::Counter *>> by_reason_;
};

}  // namespace sluice::stream
