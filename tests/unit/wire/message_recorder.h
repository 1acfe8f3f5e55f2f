// SPDX-License-Identifier: Apache-2.0
// A MessageSink that keeps what it is given, for tests of the chunk stream.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "wire/rtmp_chunk.h"

namespace sluice::wire::rtmp::test {

struct Recorded {
  MessageHeader header;
  std::string body;

  friend bool operator==(const Recorded &a, const Recorded &b) {
    return a.body == b.body && a.header.timestamp == b.header.timestamp &&
           a.header.type == b.header.type && a.header.stream_id == b.header.stream_id &&
           a.header.chunk_stream_id == b.header.chunk_stream_id;
  }
};

class MessageRecorder : public MessageSink {
 public:
  base::Result<base::MutableBytes> begin_message(const MessageHeader &header) override {
    CHECK(header.length > 0);
    CHECK_FALSE(under_way_.contains(header.slot));
    std::string &memory = under_way_[header.slot];
    memory.assign(header.length, '\0');
    allocated += header.length;
    return std::as_writable_bytes(std::span(memory));
  }

  base::Status end_message(const MessageHeader &header) override {
    std::string body;
    if (header.length > 0) {
      auto found = under_way_.find(header.slot);
      REQUIRE(found != under_way_.end());
      body = std::move(found->second);
      under_way_.erase(found);
    }
    CHECK(body.size() == header.length);
    messages.push_back({header, std::move(body)});
    if (reader != nullptr && header.type == MessageType::SetChunkSize) {
      auto size = parse_control(base::as_bytes(messages.back().body));
      if (!size) return base::fail(size.error());
      return reader->set_chunk_size(*size);
    }
    if (reader != nullptr && header.type == MessageType::Abort) {
      auto id = parse_control(base::as_bytes(messages.back().body));
      if (id) reader->abort(*id, *this);
    }
    return {};
  }

  void drop_message(const MessageHeader &header) override {
    CHECK(under_way_.erase(header.slot) == 1);
    ++dropped;
  }

  [[nodiscard]] std::size_t under_way() const { return under_way_.size(); }

  ChunkReader *reader = nullptr;  // when set, Set Chunk Size and Abort are obeyed
  std::vector<Recorded> messages;
  std::size_t dropped = 0;
  std::size_t allocated = 0;

 private:
  std::map<std::uint16_t, std::string> under_way_;
};

}  // namespace sluice::wire::rtmp::test
