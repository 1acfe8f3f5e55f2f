// SPDX-License-Identifier: Apache-2.0
// RenditionChoice: which of the streams that show the same a viewer of WS-fMP4 is given: the first
// that has a picture, and whose codec the client lists if it has told any. Pure; belongs to a
// request.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::deliver {

class RenditionChoice {
 public:
  // names: the main stream and its renditions, the best first; at least one.
  explicit RenditionChoice(std::vector<std::string> names) : names_(std::move(names)) {}
  // With wish, which is "main", "sub" or an index ("0" is the main one), only that. Nothing when
  // there is no such one.
  static std::optional<RenditionChoice> parse(std::vector<std::string> names,
                                              std::optional<std::string_view> wish);

  [[nodiscard]] const std::string &name() const { return names_[index_]; }
  // Why it is not the one before: a sentence without a full stop; empty for the first.
  [[nodiscard]] const std::string &reason() const { return reason_; }
  // Goes on to the next one. False when there is none, and this one is the last word.
  bool pass_over(std::string why);

 private:
  std::vector<std::string> names_;
  std::size_t index_ = 0;
  std::string reason_;
};

}  // namespace sluice::deliver
