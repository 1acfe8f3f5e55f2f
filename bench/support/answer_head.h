// SPDX-License-Identifier: Apache-2.0
// AnswerHead: the head of an HTTP/1.1 answer, gathered as it arrives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sluice::bench {

class AnswerHead {
 public:
  // Takes the head's bytes off the front. False: this is no answer.
  bool take(base::Bytes &bytes);

  [[nodiscard]] int status() const { return status_; }  // 0 before the head is complete
  // The field's value, whatever the case of its name; empty when it is not there.
  [[nodiscard]] std::string_view field(std::string_view name) const;
  // Of the body; nothing when the head does not tell.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;

  // For the next answer, or to give the memory back.
  void clear();

 private:
  static constexpr std::size_t kLimit = 8192;

  int status_ = 0;
  std::string text_;  // up to and with the last field's line end
};

}  // namespace sluice::bench
