// SPDX-License-Identifier: Apache-2.0
// WebSocket frames for both roles: the same bytes, whole and in pieces, must give the same events,
// within the caps.
#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz_input.h"
#include "wire/websocket.h"

namespace {

using namespace sluice;
namespace ws = wire::websocket;

constexpr ws::FrameLimits kLimits{.max_message_bytes = 1000, .max_fragments = 10};

struct Sink : ws::FrameSink {
  std::vector<std::string> log;

  void on_message(ws::Opcode opcode, base::Bytes payload) override {
    SLUICE_CHECK(payload.size() <= kLimits.max_message_bytes);
    SLUICE_CHECK(opcode != ws::Opcode::Text || ws::is_valid_utf8(payload));
    log.push_back("message " + std::string(base::as_text(payload)));
  }
  void on_ping(base::Bytes payload) override { control("ping ", payload); }
  void on_pong(base::Bytes payload) override { control("pong ", payload); }
  void on_close(std::uint16_t code, std::string_view reason) override {
    // What a peer may send, we may send back.
    if (code != ws::kNoStatus)
      SLUICE_CHECK(ws::close_body(code, reason).size() == 2 + reason.size());
    log.push_back("close " + std::to_string(code));
  }
  void control(const char *what, base::Bytes payload) {
    SLUICE_CHECK(payload.size() <= 125);
    log.push_back(what + std::string(base::as_text(payload)));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  auto role = fuzz::take_byte(input) % 2 == 0 ? ws::FrameReader::Role::Server
                                              : ws::FrameReader::Role::Client;
  fuzz::Pieces pieces(fuzz::take_byte(input));

  ws::FrameReader whole(role, kLimits);
  Sink whole_sink;
  bool whole_ok = whole.feed(input, whole_sink).has_value();

  ws::FrameReader cut(role, kLimits);
  Sink cut_sink;
  bool cut_ok = true;
  while (cut_ok && !input.empty())
    cut_ok = cut.feed(pieces.next(input), cut_sink).has_value();

  SLUICE_CHECK(whole_ok == cut_ok);
  SLUICE_CHECK(whole.close_code() == cut.close_code());
  SLUICE_CHECK(whole.closed() == cut.closed());
  SLUICE_CHECK(whole_sink.log == cut_sink.log);
  return 0;
}
