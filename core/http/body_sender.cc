// SPDX-License-Identifier: Apache-2.0
#include "http/body_sender.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::http {
namespace {

constexpr std::size_t kPieces = 16;

std::size_t bytes_in(std::span<const iovec> pieces) {
  std::size_t bytes = 0;
  for (const iovec &piece : pieces)
    bytes += piece.iov_len;
  return bytes;
}

}  // namespace

void BodySender::start(std::string head, BodyRange range) {
  head_ = std::move(head);
  head_sent_ = 0;
  range_ = std::move(range);
}

base::Status BodySender::advance(net::Socket &socket) {
  std::array<iovec, kPieces> pieces;
  while (!empty()) {
    std::size_t count = 0;
    if (head_sent_ < head_.size()) {
      pieces[count++] = {head_.data() + head_sent_, head_.size() - head_sent_};
    }
    if (range_.size() > 0) {
      count += range_.body->gather(range_.from, range_.size(), std::span(pieces).subspan(count));
    }
    auto offered = std::span<const iovec>(pieces).first(count);
    SLUICE_TRY(sent, socket.write(offered));
    std::size_t of_head = std::min(sent, head_.size() - head_sent_);
    head_sent_ += of_head;
    range_.from += sent - of_head;
    if (sent == bytes_in(offered)) continue;
    if (!std::exchange(waits_, true)) socket.watch_writable(true);
    return {};
  }
  if (std::exchange(waits_, false)) socket.watch_writable(false);
  clear();
  return {};
}

void BodySender::clear() {
  head_ = {};
  head_sent_ = 0;
  range_ = {};
}

}  // namespace sluice::http
