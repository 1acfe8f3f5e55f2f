// SPDX-License-Identifier: Apache-2.0
#include "mux/flv_tag_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::mux {

namespace {
constexpr std::size_t kFileHeaderSize = 9;
constexpr std::size_t kTagHeaderSize = 11;
constexpr std::size_t kTrailerSize = 4;
constexpr std::uint32_t kMaxHeader = 4096;  // of a file header that claims to be longer than ours
}  // namespace

base::Status FlvTagReader::feed(base::Bytes bytes) {
  while (!bytes.empty() && state_ != State::Failed) {
    switch (state_) {
      case State::FileHeader:
        if (base::Bytes head = collect(bytes, kFileHeaderSize); !head.empty()) {
          SLUICE_TRY_VOID(on_file_header(head));
        }
        break;
      case State::SkipHeader: {
        const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(to_skip_, bytes.size()));
        bytes = bytes.subspan(n);
        to_skip_ -= n;
        if (to_skip_ == 0) state_ = State::TagHeader;
        break;
      }
      case State::TagHeader:
        if (base::Bytes head = collect(bytes, kTagHeaderSize); !head.empty()) {
          SLUICE_TRY_VOID(on_tag_header(head));
        }
        break;
      case State::Body:
        take_body(bytes);
        break;
      case State::Trailer:
        if (base::Bytes tail = collect(bytes, kTrailerSize); !tail.empty()) on_trailer(tail);
        break;
      case State::Failed:
        break;
    }
  }
  if (state_ == State::Failed) return base::fail(error_);
  return {};
}

// The next `want` bytes in one piece once they are there, and nothing before that.
base::Bytes FlvTagReader::collect(base::Bytes &bytes, std::size_t want) {
  const std::size_t n = std::min(want - have_, bytes.size());
  std::copy_n(bytes.begin(), n, head_.begin() + static_cast<std::ptrdiff_t>(have_));
  bytes = bytes.subspan(n);
  have_ += n;
  if (have_ < want) return {};
  have_ = 0;
  return base::Bytes(head_).first(want);
}

base::Status FlvTagReader::on_file_header(base::Bytes head) {
  base::ByteReader in(head);
  if (base::as_text(in.take(3)) != "FLV") return fail(base::Code::Malformed, "this is not FLV");
  in.u8();  // version
  const unsigned flags = in.u8();
  const std::uint32_t size = in.u32();
  if (size < kFileHeaderSize || size > kMaxHeader) {
    return fail(base::Code::Malformed, "FLV header has an impossible size");
  }
  to_skip_ = size - static_cast<std::uint32_t>(kFileHeaderSize - kTrailerSize);
  state_ = State::SkipHeader;
  sink_.on_flv_header((flags & 4U) != 0, (flags & 1U) != 0);
  return {};
}

base::Status FlvTagReader::on_tag_header(base::Bytes head) {
  base::ByteReader in(head);
  const unsigned type = in.u8();
  const std::uint32_t size = in.u24();
  const std::uint32_t low = in.u24();
  const std::uint32_t high = in.u8();
  if ((type & 0x20U) != 0) return fail(base::Code::Unsupported, "FLV tag is encrypted");
  if (size > max_body_) return fail(base::Code::TooLarge, "FLV tag is too large");
  media::Buffer buffer = pool_.take(size);
  if (!buffer) return fail(base::Code::TooLarge, "no memory for an FLV tag");
  tag_ = {static_cast<std::uint8_t>(type & 0x1fU), high << 24 | low, {std::move(buffer), 0, size}};
  state_ = size == 0 ? State::Trailer : State::Body;
  return {};
}

void FlvTagReader::take_body(base::Bytes &bytes) {
  const std::size_t n = std::min<std::size_t>(tag_.body.size - have_, bytes.size());
  std::memcpy(tag_.body.buffer.memory().data() + have_, bytes.data(), n);
  bytes = bytes.subspan(n);
  have_ += n;
  if (have_ < tag_.body.size) return;
  have_ = 0;
  state_ = State::Trailer;
}

void FlvTagReader::on_trailer(base::Bytes tail) {
  if (base::ByteReader(tail).u32() != tag_.body.size + kTagHeaderSize) ++mismatches_;
  state_ = State::TagHeader;
  sink_.on_flv_tag(std::exchange(tag_, {}));
}

base::Status FlvTagReader::fail(base::Code code, const char *what) {
  error_ = {base::Domain::Media, code, 0, what};
  state_ = State::Failed;
  return base::fail(error_);
}

}  // namespace sluice::mux
