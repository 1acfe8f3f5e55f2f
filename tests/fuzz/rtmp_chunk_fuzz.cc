// SPDX-License-Identifier: Apache-2.0
// The chunk stream and what is in its messages. The same bytes, whole and in pieces, must give the
// same messages, and every payload byte must be copied once.
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz_input.h"
#include "wire/rtmp_chunk.h"

namespace {

using namespace sluice;
using wire::rtmp::MessageHeader;
using wire::rtmp::MessageType;

class Sink : public wire::rtmp::MessageSink {
 public:
  explicit Sink(wire::rtmp::ChunkReader &reader) : reader_(reader) {}

  base::Result<base::MutableBytes> begin_message(const MessageHeader &header) override {
    auto [place, is_new] = under_way_.try_emplace(header.slot, std::string(header.length, '\0'));
    SLUICE_CHECK(is_new);
    return std::as_writable_bytes(std::span(place->second));
  }

  base::Status end_message(const MessageHeader &header) override {
    std::string body;
    if (auto found = under_way_.find(header.slot); found != under_way_.end()) {
      body = std::move(found->second);
      under_way_.erase(found);
    }
    SLUICE_CHECK(body.size() == header.length);
    finished_bytes += body.size();
    log.push_back(std::to_string(header.chunk_stream_id) + " " + std::to_string(header.timestamp) +
                  " " + std::to_string(static_cast<int>(header.type)) + " " +
                  std::to_string(header.stream_id) + " " + body);
    return look_into(header, base::as_bytes(log.back()).last(body.size()));
  }

  void drop_message(const MessageHeader &header) override {
    SLUICE_CHECK(under_way_.erase(header.slot) == 1);
    dropped = true;
  }

  std::vector<std::string> log;
  std::size_t finished_bytes = 0;
  bool dropped = false;
  [[nodiscard]] bool idle() const { return under_way_.empty(); }

 private:
  base::Status look_into(const MessageHeader &header, base::Bytes body) {
    switch (header.type) {
      case MessageType::SetChunkSize: {
        SLUICE_TRY(size, wire::rtmp::parse_control(body));
        return reader_.set_chunk_size(size);
      }
      case MessageType::Abort: {
        SLUICE_TRY(id, wire::rtmp::parse_control(body));
        reader_.abort(id, *this);
        return {};
      }
      case MessageType::UserControl:
        (void)wire::rtmp::parse_user_control(body);
        return {};
      case MessageType::SetPeerBandwidth:
        (void)wire::rtmp::parse_peer_bandwidth(body);
        return {};
      case MessageType::Aggregate:
        return wire::rtmp::split_aggregate(header, body,
                                           [](const MessageHeader &sub, base::Bytes bytes) {
                                             SLUICE_CHECK(sub.length == bytes.size());
                                             return base::Status{};
                                           });
      default:
        return {};
    }
  }

  wire::rtmp::ChunkReader &reader_;
  std::map<std::uint16_t, std::string> under_way_;
};

constexpr wire::rtmp::ChunkLimits kLimits{.max_chunk_size = 1 << 24,
                                          .max_chunk_streams = 8,
                                          .max_message_size = 1 << 16,
                                          .max_unfinished_bytes = 1 << 17};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  fuzz::Pieces pieces(fuzz::take_byte(input));

  wire::rtmp::ChunkReader whole(kLimits);
  Sink whole_sink(whole);
  bool whole_ok = whole.feed(input, whole_sink).has_value();

  wire::rtmp::ChunkReader cut(kLimits);
  Sink cut_sink(cut);
  bool cut_ok = true;
  while (cut_ok && !input.empty())
    cut_ok = cut.feed(pieces.next(input), cut_sink).has_value();

  SLUICE_CHECK(whole_ok == cut_ok);
  SLUICE_CHECK(whole_sink.log == cut_sink.log);
  SLUICE_CHECK(whole.payload_bytes_copied() == cut.payload_bytes_copied());
  if (whole_sink.idle() && !whole_sink.dropped) {
    SLUICE_CHECK(whole.payload_bytes_copied() == whole_sink.finished_bytes);
  }
  return 0;
}
