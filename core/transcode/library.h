// SPDX-License-Identifier: Apache-2.0
// FFmpeg's objects with owners, and its messages in our log. For core/transcode only.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/audio_fifo.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::transcode {

inline constexpr std::size_t kMaxCodecConfig = std::size_t{1} << 20;

struct Freer {
  void operator()(AVCodecContext *context) const { avcodec_free_context(&context); }
  void operator()(AVFrame *frame) const { av_frame_free(&frame); }
  void operator()(AVPacket *packet) const { av_packet_free(&packet); }
  void operator()(SwsContext *scaler) const { sws_freeContext(scaler); }
  void operator()(SwrContext *resampler) const { swr_free(&resampler); }
  void operator()(AVAudioFifo *samples) const { av_audio_fifo_free(samples); }
};
template <class T>
using Owned = std::unique_ptr<T, Freer>;

// Before anything else of the library is used; cheap when repeated. [any thread]
void set_up_library();

std::unexpected<base::Error> refuse(base::Code code, const char *what);
std::unexpected<base::Error> no_memory();

// The codec's configuration, of which the context gets a copy. TooLarge: over kMaxCodecConfig.
base::Status set_extradata(AVCodecContext &context, base::Bytes config);
// A copy of the bytes, with the room behind them that decoders want.
base::Status fill(AVPacket &packet, base::Bytes bytes);

}  // namespace sluice::transcode
