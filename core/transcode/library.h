// SPDX-License-Identifier: Apache-2.0
// FFmpeg's objects with owners, and its messages in our log. For core/transcode only.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>
}

#include <memory>

namespace sluice::transcode {

struct Freer {
  void operator()(AVCodecContext *context) const { avcodec_free_context(&context); }
  void operator()(AVFrame *frame) const { av_frame_free(&frame); }
  void operator()(AVPacket *packet) const { av_packet_free(&packet); }
  void operator()(SwsContext *scaler) const { sws_freeContext(scaler); }
};
template <class T>
using Owned = std::unique_ptr<T, Freer>;

// Before anything else of the library is used; cheap when repeated. [any thread]
void set_up_library();

}  // namespace sluice::transcode
