// SPDX-License-Identifier: Apache-2.0
// Status line and fields of an answer.
#include "support/answer_head.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace sluice::bench {

bool AnswerHead::take(base::Bytes &bytes) {
  std::size_t before = text_.size();
  text_.append(base::as_text(bytes.first(std::min(bytes.size(), kLimit - before))));
  auto end = text_.find("\r\n\r\n");
  if (end == std::string::npos) return text_.size() < kLimit;
  bytes = bytes.subspan(end + 4 - before);
  text_.resize(end + 2);
  auto space = text_.find(' ');
  if (!text_.starts_with("HTTP/1.") || space == std::string::npos) return false;
  std::from_chars(text_.data() + space + 1, text_.data() + text_.size(), status_);
  return status_ != 0;
}

std::string_view AnswerHead::field(std::string_view name) const {
  std::string_view text = text_;
  for (std::size_t line = text.find("\r\n"); line + 2 < text.size();) {
    std::size_t begin = line + 2;
    line = text.find("\r\n", begin);
    std::string_view field = text.substr(begin, line - begin);
    bool same = field.size() > name.size() && field[name.size()] == ':' &&
                strncasecmp(field.data(), name.data(), name.size()) == 0;
    if (!same) continue;
    std::size_t value = field.find_first_not_of(' ', name.size() + 1);
    return value == std::string_view::npos ? std::string_view() : field.substr(value);
  }
  return {};
}

std::optional<std::uint64_t> AnswerHead::content_length() const {
  std::string_view text = field("Content-Length");
  std::uint64_t length = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return length;
}

void AnswerHead::clear() {
  status_ = 0;
  text_ = {};
}

}  // namespace sluice::bench
