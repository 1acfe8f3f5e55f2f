// SPDX-License-Identifier: Apache-2.0
#include "mux/rtp_depacketizer.h"

#include <algorithm>
#include <string>

#include "mux/flv_tag.h"
#include "mux/rtp_payloads.h"

namespace sluice::mux {

namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char &c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

using Made = std::unique_ptr<RtpDepacketizer>;

Made make_video(const std::string &name, const PayloadContext &context) {
  if (name == "H264") return make_h264(context);
  if (name == "JPEG") return make_jpeg(context);
  if (name == "H265" || name == "HEVC") return make_h265(context);
  return nullptr;
}

Made make_audio(const std::string &name, const PayloadContext &context) {
  if (name == "MPEG4-GENERIC") return make_aac(context);
  if (name == "MP4A-LATM") return make_latm(context);
  if (name == "MPA") return make_mpa(context);
  return make_plain_audio(context, name);
}

}  // namespace

const char *damage_name(Damage damage) {
  switch (damage) {
    case Damage::Loss:
      return "loss";
    case Damage::Reference:
      return "reference";
    case Damage::Malformed:
      return "malformed";
    case Damage::TooLarge:
      return "too_large";
    case Damage::NoConfig:
      return "no_config";
    case Damage::NoMemory:
      return "no_memory";
  }
  return "unknown";
}

base::Result<std::unique_ptr<RtpDepacketizer>> make_depacketizer(
    const wire::sdp::Media &media, const wire::sdp::Format &format, media::BufferPool &pool,
    DepacketizerEvents &events, const DepacketizerOptions &options) {
  DepacketizerOptions bounded = options;
  // Whatever is larger than this has no place on a tape.
  bounded.max_frame_bytes = std::min<std::size_t>(options.max_frame_bytes, kFlvMaxPayload);
  const PayloadContext context{media, format, pool, events, bounded};
  const std::string name = upper(format.encoding);
  Made made = make_video(name, context);
  if (!made) made = make_audio(name, context);
  if (!made) {
    return base::fail(base::Domain::Media, base::Code::Unsupported,
                      "the encoding is not one that we know");
  }
  return made;
}

}  // namespace sluice::mux
