// SPDX-License-Identifier: Apache-2.0
// What a client says on a WebSocket that carries fMP4: messages, cut at line feeds, against a
// session whose type changes now and then. Answers are bounded, valid JSON, and nothing is wanted
// of a session that was closed.
#include <algorithm>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "deliver/mse_session.h"
#include "fuzz_input.h"

namespace {

using namespace sluice;
using deliver::MseReply;
using deliver::MseSession;

void check(const MseReply &reply) {
  SLUICE_CHECK(reply.text.size() <= 2048);
  if (!reply.text.empty()) {
    SLUICE_CHECK(base::Json::parse(reply.text, nullptr, false).is_object());
  }
  bool closes = reply.close_code != 0;
  SLUICE_CHECK(closes == (*reply.end_reason != '\0'));
  SLUICE_CHECK(!closes || (!reply.text.empty() && !reply.go_live && !reply.anew));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  std::uint8_t mode = fuzz::take_byte(input);
  base::MonoTime now{};
  MseSession session({.stream = "cams/gate",
                      .codecs = {},
                      .negotiate = mode % 2 == 1,
                      .dialect = static_cast<deliver::MseDialect>(mode / 2 % 3)},
                     now);
  while (!input.empty()) {
    auto end = std::ranges::find(input, std::byte{'\n'});
    auto length = static_cast<std::size_t>(end - input.begin());
    base::Bytes text = input.first(std::min(length, deliver::kMaxMseText));
    input = input.subspan(std::min(length + 1, input.size()));

    bool was_held = session.held();
    MseReply reply = session.take(text, now);
    check(reply);
    if (reply.close_code != 0) return 0;
    if (was_held && !session.held()) SLUICE_CHECK(reply.go_live);
    if (!session.held() || session.wants_init()) {
      MseReply told =
          session.announce(text.size() % 2 == 0 ? R"(video/mp4; codecs="avc1.64001f,mp4a.40.2")"
                                                : R"(video/mp4; codecs="hvc1.1.6.L93.B0")");
      check(told);
      if (told.close_code != 0) return 0;
    }
    now += base::Millis(100);
    MseReply late = session.check_time(now, base::Millis(1'000));
    check(late);
    if (late.close_code != 0) return 0;
  }
  return 0;
}
