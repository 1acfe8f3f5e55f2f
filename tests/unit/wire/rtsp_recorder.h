// SPDX-License-Identifier: Apache-2.0
// Feeds a splitter as a connection would, in pieces of any size, and writes down what it finds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/rtsp_message.h"

namespace sluice::wire::rtsp::test {

class Recorder : public SplitterEvents {
 public:
  explicit Recorder(Peer peer, SplitterLimits limits = {}) : splitter(peer, limits) {}

  bool on_message(const Message &message) override {
    std::string line = message.is_request
                           ? std::string(message.method) + ' ' + std::string(message.uri)
                           : std::to_string(message.status) + ' ' + std::string(message.reason);
    for (const Field &field : message.fields) {
      line += " [";
      line += field.name;
      line += '=';
      line += field.value;
      line += ']';
    }
    if (!message.body.empty()) line += " {" + std::string(message.body) + '}';
    log.push_back(std::move(line));
    return go_on;
  }
  bool on_packet(std::uint8_t channel, base::MutableBytes payload) override {
    inside_input &= payload.empty() || (payload.data() >= buffer_begin() &&
                                        payload.data() + payload.size() <= buffer_end());
    log.push_back('$' + std::to_string(channel) + ' ' + std::string(base::as_text(payload)));
    return go_on;
  }
  void on_skipped(std::size_t bytes) override { skipped += bytes; }

  // What an error says, or an empty text.
  std::string feed(std::string_view bytes, std::size_t piece = std::string_view::npos) {
    while (!bytes.empty()) {
      buffer += bytes.substr(0, piece);
      bytes.remove_prefix(std::min(piece, bytes.size()));
      auto consumed = splitter.feed(std::as_writable_bytes(std::span(buffer)), *this);
      if (!consumed) return base::describe(consumed.error());
      buffer.erase(0, *consumed);
      largest_buffer = std::max(largest_buffer, buffer.size());
    }
    return {};
  }

  Splitter splitter;
  std::vector<std::string> log;
  std::string buffer;  // what was not consumed yet
  std::size_t skipped = 0;
  std::size_t largest_buffer = 0;
  bool go_on = true;
  bool inside_input = true;  // every payload was a view into what was fed

 private:
  const std::byte *buffer_begin() const { return base::as_bytes(buffer).data(); }
  const std::byte *buffer_end() const { return buffer_begin() + buffer.size(); }
};

// An interleaved packet with an RTP-like payload of that size.
inline std::string packet(std::uint8_t channel, std::size_t size, char fill = 'x') {
  auto head = interleaved_header(channel, static_cast<std::uint16_t>(size));
  std::string out(base::as_text(head));
  out.append(size, fill);
  if (size != 0) out[4] = static_cast<char>(0x80);
  return out;
}

}  // namespace sluice::wire::rtsp::test
