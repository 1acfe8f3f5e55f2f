// SPDX-License-Identifier: Apache-2.0
// ScriptedCamera: a camera on a loopback address that plays H.264 and G.711 and does what a test
// tells it to instead of what a good one would. Lives on the test's own loop.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/rtsp/push_rig.h"
#include "net/listener.h"

namespace sluice::test {

struct CameraRequest {
  [[nodiscard]] bool has(const std::string &field) const { return fields.contains(field); }
  [[nodiscard]] std::string get(const std::string &field) const {
    auto it = fields.find(field);
    return it == fields.end() ? "" : it->second;
  }

  std::string method;
  std::string uri;
  std::map<std::string, std::string> fields;
  std::size_t connection = 0;  // counted from 1
};

class ScriptedCamera {
 public:
  // Text to send back: empty for silence, kClose to hang up. nullopt: what a good camera says.
  using Answer = std::optional<std::string>;
  using Script = std::function<Answer(const CameraRequest &)>;
  static constexpr std::string_view kClose = "(close)";

  explicit ScriptedCamera(TestLoop &loop, std::string_view host = "127.0.0.1")
      : datagrams_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    net::Address any = *net::Address::parse(std::string(host) + ":0");
    REQUIRE(::bind(datagrams_.get(), any.get(), any.length()) == 0);
    listener_ = *net::Listener::open(*loop, any, [this](auto socket) {
      if (tls) REQUIRE(socket->start_tls_server(tls, {"test", false}).has_value());
      talks_.push_back(std::make_unique<Talk>(*this, std::move(socket), talks_.size() + 1));
    });
  }

  [[nodiscard]] std::string url(const std::string &credentials = "") const {
    return (tls ? "rtsps://" : "rtsp://") + credentials + listener_->address().to_string() +
           "/live";
  }

  static std::string answer(const CameraRequest &to, int status, const Pusher::Fields &fields = {},
                            std::string_view body = {}) {
    std::string out = "RTSP/1.0 " + std::to_string(status) + " Whatever\r\n";
    out += "CSeq: " + to.get("CSeq") + "\r\n";
    for (const auto &[name, value] : fields)
      out += name + ": " + value + "\r\n";
    if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return out + "\r\n" + std::string(body);
  }

  // What a good camera says.
  std::string good_answer(const CameraRequest &request) {
    if (request.method == "OPTIONS") {
      return answer(request, 200, {{"Public", "DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"}});
    }
    if (request.method == "DESCRIBE") {
      return answer(request, 200,
                    {{"Content-Type", "application/sdp"}, {"Content-Base", request.uri + "/"}},
                    description);
    }
    if (request.method == "SETUP") {
      return answer(request, 200, {{"Session", session}, {"Transport", transport(request)}});
    }
    return answer(request, 200, {{"Session", session}});
  }

  // On the newest connection.
  void say(std::string_view text) { talks_.back()->say(text); }
  void hang_up() { talks_.back()->socket.reset(); }
  // Pictures in packets, as many as it takes to see one, over the channel or to the port that was
  // set up last for the first track.
  void send_pictures() {
    for (int i = 0; i < 3; ++i) {
      ++sequence_;
      std::string packet = rtp_picture(sequence_, sequence_ * 3600U);
      if (media_port == 0) {
        say(interleaved(media_channel, packet));
      } else {
        net::Address to = client_host_.with_port(media_port);
        ::sendto(datagrams_.get(), packet.data(), packet.size(), 0, to.get(), to.length());
      }
    }
  }

  [[nodiscard]] std::size_t connections() const { return talks_.size(); }
  // The methods asked, in order.
  [[nodiscard]] std::string heard() const {
    std::string all;
    for (const auto &request : requests)
      all += (all.empty() ? "" : " ") + request.method;
    return all;
  }
  [[nodiscard]] std::size_t count(std::string_view method) const {
    return static_cast<std::size_t>(std::ranges::count(requests, method, &CameraRequest::method));
  }
  [[nodiscard]] const CameraRequest *last(std::string_view method) const {
    for (std::size_t i = requests.size(); i-- > 0;)
      if (requests[i].method == method) return &requests[i];
    return nullptr;
  }

  Script script = [](const CameraRequest &) { return std::nullopt; };
  std::string description = push_sdp();
  std::shared_ptr<const net::TlsServerContext> tls;  // null: in the clear
  std::string session = "77;timeout=60";
  bool sends_media = true;  // when PLAY has been answered
  std::vector<CameraRequest> requests;
  std::vector<std::string> answers;  // heads of what the client answered
  std::uint8_t media_channel = 0;
  std::uint16_t media_port = 0;  // of the client; 0: over the connection

 private:
  struct Talk final : net::SocketEvents {
    Talk(ScriptedCamera &c, std::unique_ptr<net::Socket> s, std::size_t n)
        : camera(c), socket(std::move(s)), number(n) {
      socket->set_events(this);
    }
    void on_readable() override {
      std::array<std::byte, 65536> chunk;
      auto got = socket->read(chunk);
      if (!got) return socket.reset();
      input += base::as_text(base::Bytes(chunk).first(*got));
      while (socket && take_one()) {
      }
    }
    void on_writable() override {}

    void say(std::string_view text) {
      if (socket) (void)socket->write(base::as_bytes(text));
    }

    bool take_one() {
      if (input.starts_with('$')) {
        if (input.size() < 4) return false;
        auto high = static_cast<unsigned char>(input[2]);
        auto low = static_cast<unsigned char>(input[3]);
        std::size_t size = 4U + high * 256U + low;
        if (input.size() < size) return false;
        input.erase(0, size);
        return true;
      }
      std::size_t end = input.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      std::string head = input.substr(0, end);
      input.erase(0, end + 4);
      if (head.starts_with("RTSP/1.0")) {
        camera.answers.push_back(head);
      } else {
        take_request(head);
      }
      return true;
    }

    void take_request(const std::string &head) {
      CameraRequest request{.connection = number};
      std::size_t line_end = std::min(head.find("\r\n"), head.size());
      std::size_t blank = head.find(' ');
      request.method = head.substr(0, blank);
      request.uri = head.substr(blank + 1, head.rfind(' ', line_end) - blank - 1);
      while (line_end < head.size()) {
        std::size_t next = std::min(head.find("\r\n", line_end + 2), head.size());
        std::string line = head.substr(line_end + 2, next - line_end - 2);
        std::size_t colon = line.find(": ");
        request.fields[line.substr(0, colon)] = line.substr(colon + 2);
        line_end = next;
      }
      camera.take(*this, request);
    }

    ScriptedCamera &camera;
    std::unique_ptr<net::Socket> socket;
    std::size_t number;
    std::string input;
  };

  void take(Talk &talk, const CameraRequest &request) {
    client_host_ = talk.socket->peer();
    requests.push_back(request);
    Answer said = script(request);
    if (said == kClose) return talk.socket.reset();
    std::string text = said ? *said : good_answer(request);
    talk.say(text);
    bool played = request.method == "PLAY" && text.contains(" 200 ");
    if (played && sends_media) send_pictures();
  }

  // What was asked, with which the media of the first track then goes out.
  std::string transport(const CameraRequest &request) {
    std::string asked = request.get("Transport");
    std::size_t ports = asked.find("client_port=");
    bool first = request.uri.ends_with("streamid=0");
    if (ports == std::string::npos) {
      if (first) media_port = 0;
      return asked;
    }
    if (first) media_port = static_cast<std::uint16_t>(std::stoi(asked.substr(ports + 12)));
    std::string own = std::to_string(local_address(datagrams_.get()).port());
    return asked + ";server_port=" + own + "-" + own;
  }

  net::Fd datagrams_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::unique_ptr<Talk>> talks_;
  net::Address client_host_;
  std::uint16_t sequence_ = 0;
};

}  // namespace sluice::test
