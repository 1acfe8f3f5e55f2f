// SPDX-License-Identifier: Apache-2.0
// MseSession: what is said beside the media on a WebSocket that carries fMP4, for a page that plays
// it with MediaSource. The node tells the MIME type before each init segment that changes it; the
// client may tell which codecs it can play, pause, resume and jump to the live edge. The texts are
// those of go2rtc where it has them, so that its clients work; in the dialects, those that
// Flussonic's and Ivideon's clients know. Pure; takes hostile texts. Lives on its viewer's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace sluice::deliver {

inline constexpr std::size_t kMaxMseText = 1024;  // of one message from the client

// RFC 6381 names, as a client lists them: "avc1.640029, mp4a.40.2", or a whole MIME type. At most
// 64 names.
using CodecList = std::vector<std::string>;
base::Result<CodecList> parse_codec_list(std::string_view text);

// Whether the list has the codec, whatever profile and level it names: decoders that know a codec
// are asked by playing.
bool lists_codec(const CodecList &list, std::string_view codec);

// The codec of the MIME type without which a client that plays what is listed has nothing to play;
// nothing when it does. A picture without sound is worth having; sound alone is when there is
// nothing else.
std::optional<std::string> missing_codec(const CodecList &list, const std::string &mime);

// "H.265" for "hvc1.1.6.L120.90"; what is not a common codec of pictures stays as it is.
std::string plain_name(std::string_view codec);

// Whose words are spoken. The dialects' init segments come with their types (see
// mux/fmp4_messages.h), so none is told beside them. Flussonic's clients say when they want media,
// and are told what their commands have done; Ivideon's are told nothing that they did not ask for.
enum class MseDialect : std::uint8_t { Mse, Flussonic, Ivideon };

struct MseCommand {
  enum class Kind : std::uint8_t { Codecs, Pause, Resume, Live, Tracks };
  Kind kind = Kind::Codecs;
  CodecList codecs;
};
// {"type": "pause"}, or the bare word; {"type": "mse", "value": "avc1.640029"}, or the bare list of
// codecs; set_tracks=v1a1. Unsupported: well-formed, but no command that we know.
base::Result<MseCommand> parse_mse_command(base::Bytes text);

// What follows from something that was said, or from time that has passed.
struct MseReply {
  std::string text;              // to be sent as a text message; empty: none
  bool go_live = false;          // go on at the newest key frame
  bool anew = false;             // and with the init segment, as for one who comes new
  std::uint16_t close_code = 0;  // 0: stay
  const char *end_reason = "";   // of the session, when it is closed
};

class MseSession {
 public:
  static constexpr base::Millis kNegotiationTime{5'000};
  // Commands that may come at once, and how soon another one may come after them.
  static constexpr unsigned kBurst = 20;
  static constexpr base::Millis kRefill{200};

  struct Options {
    std::string stream;               // its name, told with the first MIME type
    std::string reason{};             // why it is another one than asked for; empty: it is not
    std::optional<CodecList> codecs;  // what the client can play, if the request told it
    bool negotiate = false;           // send nothing before the client has told it
    MseDialect dialect = MseDialect::Mse;
  };
  MseSession(Options options, base::MonoTime now);

  // No media is wanted now: the client has paused, or has not told its codecs yet.
  [[nodiscard]] bool held() const { return negotiating_ || paused_since_.has_value(); }

  // The init segment is wanted although no media is.
  [[nodiscard]] bool wants_init() const {
    return dialect_ == MseDialect::Flussonic && !negotiating_;
  }

  // A message of the client. Text that is larger than kMaxMseText must not be given.
  [[nodiscard]] MseReply take(base::Bytes text, base::MonoTime now);

  // An init segment of that type comes next: what is to be said before it, which is nothing when
  // the client knows; or that it cannot play it, and is closed.
  [[nodiscard]] MseReply announce(const std::string &mime);

  // Closes a client that keeps the node waiting.
  [[nodiscard]] MseReply check_time(base::MonoTime now, base::Millis pause_max) const;

 private:
  bool take_token(base::MonoTime now);
  MseReply take_codecs(CodecList codecs);
  MseReply pause(base::MonoTime now);
  MseReply resume();
  MseReply go_live(const char *event_name);
  // What a client that wants to be told is told of its command.
  [[nodiscard]] std::string event(const char *name) const;
  // Empty when the client can play the type, or has not told what it can.
  [[nodiscard]] std::optional<MseReply> refuse(const std::string &mime) const;

  const MseDialect dialect_;
  std::string stream_;
  std::string reason_;
  std::optional<CodecList> codecs_;
  bool negotiating_;
  const base::MonoTime since_;
  std::optional<base::MonoTime> paused_since_;
  std::string told_mime_;
  unsigned tokens_ = kBurst;
  base::MonoTime refilled_;
};

}  // namespace sluice::deliver
