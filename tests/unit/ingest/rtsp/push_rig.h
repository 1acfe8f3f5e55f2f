// SPDX-License-Identifier: Apache-2.0
// PushRig: a worker's RTSP server on a TestLoop; and pushers over socket pairs that say what a test
// tells them to.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "ingest/rtsp/rtsp_server.h"
#include "support/socket_pair.h"
#include "support/stream_rig.h"

namespace sluice::test {

struct PushRig : StreamRig {
  explicit PushRig(config::Config c = {}, net::Admission::Limits limits = {100, 100})
      : StreamRig(std::move(c)), admission(limits) {
    server = std::make_unique<ingest::rtsp::RtspServer>(*shelf, rtsp_metrics, admission);
  }
  ~PushRig() {
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
  [[nodiscard]] bool wait_for_frames(std::uint64_t count) {
    return loop.run_until([&] { return frames_in() >= count; });
  }

  ingest::rtsp::RtspMetrics rtsp_metrics{registry};
  net::Admission admission;
  std::unique_ptr<ingest::rtsp::RtspServer> server;
};

// H.264 with its parameter sets, and G.711.
inline std::string push_sdp() {
  auto base64 = [](std::string_view hex) { return base::base64(base::as_bytes(unhex(hex))); };
  return "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
         "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
         "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=" +
         base64("67640028acd940780227e5c044000003000400000300c83c60c658") + "," +
         base64("68ebe3cb22c0") +
         "\r\na=control:streamid=0\r\n"
         "m=audio 0 RTP/AVP 0\r\na=control:streamid=1\r\n";
}

// An IDR picture in one packet.
inline std::string rtp_picture(std::uint16_t sequence, std::uint32_t stamp,
                               std::uint32_t ssrc = 0x1234) {
  std::string packet;
  base::ByteWriter writer(packet);
  writer.u8(0x80);
  writer.u8(0x80 | 96);
  writer.u16(sequence);
  writer.u32(stamp);
  writer.u32(ssrc);
  writer.u24(0x658884);  // an IDR slice that begins a picture
  writer.text(std::string(100, 'v'));
  return packet;
}

inline std::string interleaved(std::uint8_t channel, std::string_view packet) {
  std::string out;
  base::ByteWriter writer(out);
  writer.u8('$');
  writer.u8(channel);
  writer.u16(static_cast<std::uint16_t>(packet.size()));
  writer.text(packet);
  return out;
}

struct PushAnswer {
  int status = 0;
  std::map<std::string, std::string> fields;
  std::string body;
};

class Pusher {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  explicit Pusher(PushRig &rig) : Pusher(rig, connected_pair(rig.loop)) {}

  // The text of a request with the next number, and the session when there is one.
  std::string request(std::string_view method, std::string_view uri, const Fields &fields = {},
                      std::string_view body = {}) {
    std::string out = std::string(method) + " " + std::string(uri) + " RTSP/1.0\r\n";
    out += "CSeq: " + std::to_string(++cseq_) + "\r\n";
    if (!session.empty()) out += "Session: " + session + "\r\n";
    for (const auto &[name, value] : fields)
      out += name + ": " + value + "\r\n";
    if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return out + "\r\n" + std::string(body);
  }

  // Says it and waits for the answer, whose status is 0 when the connection ended without one.
  PushAnswer ask(std::string_view method, std::string_view uri, const Fields &fields = {},
                 std::string_view body = {}) {
    return ask_raw(request(method, uri, fields, body));
  }
  PushAnswer ask_raw(std::string_view bytes) {
    CHECK(peer.write(bytes) == bytes.size());
    return next_answer();
  }
  PushAnswer next_answer() {
    PushAnswer answer;
    [[maybe_unused]] bool came = rig_.loop.run_until([&] {
      input_ += peer.read();
      answer = take_answer();
      return answer.status != 0 || peer.ended() || peer.reset();
    });
    if (session.empty()) session = id_of(answer);
    return answer;
  }

  PushAnswer announce(std::string_view uri = "rtsp://h/cams/gate",
                      const std::string &sdp = push_sdp()) {
    return ask("ANNOUNCE", uri, {{"Content-Type", "application/sdp"}}, sdp);
  }
  PushAnswer set_up(int track, const std::string &transport) {
    return ask("SETUP", "rtsp://h/cams/gate/streamid=" + std::to_string(track),
               {{"Transport", transport}});
  }
  PushAnswer set_up_tcp(int track) {
    std::string channels = std::to_string(2 * track) + "-" + std::to_string(2 * track + 1);
    return set_up(track, "RTP/AVP/TCP;unicast;interleaved=" + channels + ";mode=record");
  }
  PushAnswer record() { return ask("RECORD", "rtsp://h/cams/gate", {{"Range", "npt=0.000-"}}); }

  // The whole way, over TCP, with both tracks.
  Pusher &go_live(std::string_view uri = "rtsp://h/cams/gate") {
    REQUIRE(announce(uri).status == 200);
    REQUIRE(set_up_tcp(0).status == 200);
    REQUIRE(set_up_tcp(1).status == 200);
    REQUIRE(record().status == 200);
    return *this;
  }
  void picture(std::uint8_t channel = 0) {
    ++sequence_;
    std::string packet = rtp_picture(sequence_, sequence_ * 3600U);
    std::string bytes = interleaved(channel, packet);
    CHECK(peer.write(bytes) == bytes.size());
  }
  // Whether pictures get through. The first one of all is let out when the next one is there.
  [[nodiscard]] bool gets_through() {
    std::uint64_t before = rig_.frames_in();
    picture();
    picture();
    return rig_.wait_for_frames(before + 1);
  }

  [[nodiscard]] bool wait_for_end() {
    return rig_.loop.run_until([&] {
      input_ += peer.read();
      return peer.ended() || peer.reset();
    });
  }
  // Everything that was heard and is no answer yet.
  [[nodiscard]] const std::string &input() const { return input_; }

  static std::string id_of(const PushAnswer &answer) {
    auto it = answer.fields.find("Session");
    return it == answer.fields.end() ? "" : it->second.substr(0, it->second.find(';'));
  }

  Peer peer;
  std::string session;

 private:
  Pusher(PushRig &rig, SocketPair pair) : peer(std::move(pair.peer)), rig_(rig) {
    rig.server->accept(std::move(pair.socket));
  }

  // The first answer in what was heard, taken out of it.
  PushAnswer take_answer() {
    PushAnswer answer;
    std::size_t start = input_.find("RTSP/1.0 ");
    std::size_t end = input_.find("\r\n\r\n", start);
    if (start == std::string::npos || end == std::string::npos) return answer;
    std::string head = input_.substr(start, end - start);
    for (std::size_t at = head.find("\r\n"); at != std::string::npos;) {
      std::size_t next = head.find("\r\n", at + 2);
      std::string line = head.substr(at + 2, next == std::string::npos ? next : next - at - 2);
      std::size_t colon = line.find(": ");
      answer.fields[line.substr(0, colon)] = line.substr(colon + 2);
      at = next;
    }
    std::size_t size = 0;
    if (answer.fields.contains("Content-Length"))
      size = std::stoul(answer.fields["Content-Length"]);
    if (input_.size() < end + 4 + size) return {};
    answer.status = std::stoi(head.substr(9, 3));
    answer.body = input_.substr(end + 4, size);
    input_.erase(0, end + 4 + size);
    return answer;
  }

  PushRig &rig_;
  std::string input_;
  int cseq_ = 0;
  std::uint16_t sequence_ = 0;
};

}  // namespace sluice::test
