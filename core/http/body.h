// SPDX-License-Identifier: Apache-2.0
// Body: the bytes of an answer that lie somewhere else, in pieces, and are sent from there without
// a copy. Immutable, shared by all answers that send it, for any thread.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace sluice::http {

class Body {
 public:
  virtual ~Body() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Points pieces at the bytes [offset, offset + length), as far as the pieces suffice; returns how
  // many were used, which is none only when length is 0.
  virtual std::size_t gather(std::uint64_t offset, std::uint64_t length,
                             std::span<iovec> pieces) const = 0;
};

// A text that many answers share.
class TextBody final : public Body {
 public:
  explicit TextBody(std::string text)
      : text_(std::make_shared<const std::string>(std::move(text))) {}
  // A text that others hold as well, which is not copied.
  explicit TextBody(std::shared_ptr<const std::string> text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string &text() const { return *text_; }

  [[nodiscard]] std::uint64_t size() const override { return text_->size(); }
  std::size_t gather(std::uint64_t offset, std::uint64_t length,
                     std::span<iovec> pieces) const override;

 private:
  std::shared_ptr<const std::string> text_;
};

// What one answer sends of a body: the bytes [from, to).
struct BodyRange {
  std::shared_ptr<const Body> body;  // null: the answer has another body, or none
  std::uint64_t from = 0;
  std::uint64_t to = 0;

  [[nodiscard]] std::uint64_t size() const { return to - from; }
  [[nodiscard]] static BodyRange whole(std::shared_ptr<const Body> body) {
    std::uint64_t size = body->size();
    return {std::move(body), 0, size};
  }
};

}  // namespace sluice::http
