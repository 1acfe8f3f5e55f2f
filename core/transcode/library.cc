// SPDX-License-Identifier: Apache-2.0
#include "transcode/library.h"

extern "C" {
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/log.h"

namespace sluice::transcode {
namespace {

// Nothing that a picture within the bounds needs is larger than this in one piece: 40 million
// pixels with three planes of 16 bits are 240 MB.
constexpr std::size_t kMaxAllocation = std::size_t{320} << 20;

// A peer can make the library say a lot, line by line: one a second is let through.
void say(void * /*object*/, int level, const char *format, va_list arguments) {
  if (level > AV_LOG_ERROR || !base::log::enabled(base::log::Level::Debug)) return;
  static base::log::Limiter limiter;
  auto held = limiter.admit();
  if (!held) return;
  std::array<char, 256> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string_view text = line.data();
  text = text.substr(0, text.find_last_not_of('\n') + 1);
  base::log::debug("ffmpeg", {{"says", text}, {"suppressed", *held}});
}

}  // namespace

void set_up_library() {
  static const bool done = [] {
    av_log_set_callback(say);
    av_max_alloc(kMaxAllocation);
    return true;
  }();
  (void)done;
}

std::unexpected<base::Error> refuse(base::Code code, const char *what) {
  return base::fail(base::Domain::Media, code, what);
}

std::unexpected<base::Error> no_memory() {
  return refuse(base::Code::System, "no memory to transcode");
}

base::Status set_extradata(AVCodecContext &context, base::Bytes config) {
  if (config.empty()) return {};
  if (config.size() > kMaxCodecConfig) return refuse(base::Code::TooLarge, "configuration");
  context.extradata =
      static_cast<std::uint8_t *>(av_mallocz(config.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (context.extradata == nullptr) return no_memory();
  std::memcpy(context.extradata, config.data(), config.size());
  context.extradata_size = static_cast<int>(config.size());
  return {};
}

base::Status fill(AVPacket &packet, base::Bytes bytes) {
  if (av_new_packet(&packet, static_cast<int>(bytes.size())) < 0) return no_memory();
  if (!bytes.empty()) std::memcpy(packet.data, bytes.data(), bytes.size());
  return {};
}

}  // namespace sluice::transcode
