// SPDX-License-Identifier: Apache-2.0
// RtmpRig: a worker's RTMP server on a TestLoop; and encoders over socket pairs that say what a
// test tells them to.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/rtmp/rtmp_server.h"
#include "support/socket_pair.h"
#include "support/stream_rig.h"
#include "wire/message_recorder.h"
#include "wire/rtmp_handshake.h"

namespace sluice::test {

using wire::amf::Value;
using wire::rtmp::MessageType;

struct RtmpRig : StreamRig {
  explicit RtmpRig(config::Config c = {}, net::Admission::Limits limits = {100, 100})
      : StreamRig(std::move(c)), admission(limits) {
    server = std::make_unique<ingest::rtmp::RtmpServer>(*shelf, rtmp_metrics, admission);
  }
  ~RtmpRig() {
    server.reset();
    settle();  // Sessions go a little later, and their permits must find the admission.
  }

  [[nodiscard]] std::uint64_t ended(std::string_view reason) {
    metrics::TextWriter text;
    registry.write(text);
    std::string all = text.str();
    std::string line =
        R"(sluice_sessions_total{kind="publisher",reason=")" + std::string(reason) + "\"} ";
    std::size_t at = all.find(line);
    return at == std::string::npos ? 0 : std::stoull(all.substr(at + line.size()));
  }
  [[nodiscard]] bool wait_for_end(std::string_view reason) {
    return loop.run_until([&] { return server->size() == 0; }) && ended(reason) == 1;
  }
  [[nodiscard]] bool is_live(std::string_view name = "cams/gate") const {
    auto entry = shelf->find(name);
    return entry != nullptr && entry->live;
  }
  [[nodiscard]] std::uint64_t frames_in(std::string_view name = "cams/gate") const {
    auto entry = shelf->find(name);
    return entry == nullptr ? 0 : entry->counters->frames_in.load();
  }

  ingest::rtmp::RtmpMetrics rtmp_metrics{registry};
  net::Admission admission;
  std::unique_ptr<ingest::rtmp::RtmpServer> server;
};

// Bodies of messages with H.264 and AAC.
inline std::string video_header() {
  return std::string("\x17\x00\x00\x00\x00", 5) + unhex(kAvc1080);
}
inline std::string audio_header() { return std::string("\xaf\x00\x12\x10", 4); }
inline std::string video_body(bool key, std::size_t size = 100) {
  return std::string(key ? "\x17\x01\x00\x00\x00" : "\x27\x01\x00\x00\x00", 5) +
         std::string(size, 'v');
}
inline std::string audio_body(std::size_t size = 20) { return "\xaf\x01" + std::string(size, 'a'); }

class Encoder {
 public:
  explicit Encoder(RtmpRig &rig, std::optional<wire::rtmp::DigestSchema> schema = {})
      : Encoder(rig, connected_pair(rig.loop), schema) {}

  // What is said until flush() goes out in one write.
  void flush() {
    CHECK(peer.write(out_) == out_.size());
    out_.clear();
  }
  [[nodiscard]] std::string take_output() { return std::exchange(out_, {}); }

  Encoder &handshake() {
    hands_.start(out_);
    flush();
    REQUIRE(wait([&] { return hands_.done(); }));
    flush();
    return *this;
  }
  Encoder &command(std::string_view name, double transaction, std::vector<Value> arguments = {},
                   Value object = Value(wire::amf::Kind::Null), std::uint32_t stream_id = 0) {
    return message(MessageType::CommandAmf0,
                   wire::rtmp::command_body(name, transaction, object, arguments), 0, stream_id);
  }
  Encoder &connect(std::string_view app = "cams") {
    return command("connect", 1, {}, wire::rtmp::make_object({{"app", Value(app)}}));
  }
  Encoder &publish(std::string_view key = "gate") {
    return command("publish", 5, {Value(key), Value("live")}, Value(wire::amf::Kind::Null), 1);
  }
  Encoder &message(MessageType type, std::string_view body, std::uint32_t stamp_ms = 0,
                   std::uint32_t stream_id = 1) {
    wire::rtmp::MessageHeader header;
    bool control = static_cast<int>(type) <= 6;
    header.chunk_stream_id = control ? 2 : type == MessageType::CommandAmf0 ? 3 : 6;
    header.type = type;
    header.timestamp = stamp_ms;
    header.stream_id = control ? 0 : stream_id;
    chunks_.write(header, body, out_);
    return *this;
  }
  Encoder &chunk_size(std::uint32_t size) {
    message(MessageType::SetChunkSize, wire::rtmp::control_body(size));
    chunks_.set_chunk_size(size);
    return *this;
  }
  Encoder &headers() {
    message(MessageType::Video, video_header());
    return message(MessageType::Audio, audio_header());
  }
  // The whole way to an answered publish.
  Encoder &go_live(std::string_view key = "gate") {
    handshake();
    connect().command("createStream", 2).publish(key).flush();
    REQUIRE(wait_for_status("NetStream.Publish.Start"));
    headers().flush();
    return *this;
  }

  void poll() {
    input_ += peer.read();
    if (!hands_.done()) {
      auto used = hands_.feed(base::as_bytes(input_), out_);
      REQUIRE(used.has_value());
      input_.erase(0, *used);
    }
    if (!hands_.done()) return;
    REQUIRE(reader_.feed(base::as_bytes(std::exchange(input_, {})), heard).has_value());
  }
  [[nodiscard]] bool wait(const std::function<bool()> &done) {
    return rig_.loop.run_until([&] {
      poll();
      return done();
    });
  }
  [[nodiscard]] bool wait_for_end() {
    return wait([&] { return peer.ended() || peer.reset(); });
  }
  // The code of an onStatus, or the name of another command, is among what was heard.
  [[nodiscard]] bool has_heard(std::string_view word) const {
    for (const auto &message : heard.messages) {
      if (message.header.type != MessageType::CommandAmf0) continue;
      auto said = wire::rtmp::parse_command(message.header.type, base::as_bytes(message.body));
      REQUIRE(said.has_value());
      if (said->name == word) return true;
      const auto *code = said->argument(0).find("code");
      if (code != nullptr && code->as_string() == word) return true;
    }
    return false;
  }
  [[nodiscard]] bool wait_for_status(std::string_view code) {
    return wait([&] { return has_heard(code); });
  }
  [[nodiscard]] std::size_t count(MessageType type) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        heard.messages, [&](const auto &m) { return m.header.type == type; }));
  }

  Peer peer;
  wire::rtmp::test::MessageRecorder heard;

 private:
  Encoder(RtmpRig &rig, SocketPair pair, std::optional<wire::rtmp::DigestSchema> schema)
      : peer(std::move(pair.peer)), rig_(rig), hands_(schema) {
    heard.reader = &reader_;
    rig.server->accept(std::move(pair.socket));
  }

  RtmpRig &rig_;
  wire::rtmp::HandshakeClient hands_;
  wire::rtmp::ChunkWriter chunks_{wire::rtmp::ChunkWriter::Headers::Delta};
  wire::rtmp::ChunkReader reader_;
  std::string out_;
  std::string input_;
};

}  // namespace sluice::test
