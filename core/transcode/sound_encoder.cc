// SPDX-License-Identifier: Apache-2.0
#include "transcode/sound_encoder.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace sluice::transcode {

using base::Code;

base::Result<SoundEncoder> SoundEncoder::open(const media::Track &aac, std::uint32_t bit_rate) {
  const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
  SoundEncoder encoder;
  encoder.context_.reset(codec != nullptr ? avcodec_alloc_context3(codec) : nullptr);
  encoder.packet_.reset(av_packet_alloc());
  if (!encoder.context_ || !encoder.packet_) return refuse(Code::Unsupported, "no encoder of AAC");
  AVCodecContext &context = *encoder.context_;
  context.thread_count = 1;
  context.sample_fmt = AV_SAMPLE_FMT_FLTP;
  context.sample_rate = static_cast<int>(aac.sample_rate);
  context.time_base = {1, context.sample_rate};
  context.bit_rate = bit_rate;
  // What the configuration says goes into the track, not before every frame.
  context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_channel_layout_default(&context.ch_layout, static_cast<int>(aac.channels));
  // A quarter of the work of the thorough search, which nobody hears in the sound of a camera.
  (void)av_opt_set(context.priv_data, "aac_coder", "fast", 0);
  if (avcodec_open2(&context, codec, nullptr) < 0 || context.frame_size != kFrameSamples) {
    return refuse(Code::Unsupported, "the encoder of AAC does not start");
  }
  return encoder;
}

base::Status SoundEncoder::make_room() {
  // The encoder keeps the samples of a call until the next one.
  samples_.reset(av_frame_alloc());
  if (!samples_) return no_memory();
  samples_->format = context_->sample_fmt;
  samples_->sample_rate = context_->sample_rate;
  samples_->nb_samples = kFrameSamples;
  if (av_channel_layout_copy(&samples_->ch_layout, &context_->ch_layout) < 0 ||
      av_frame_get_buffer(samples_.get(), 0) < 0) {
    return no_memory();
  }
  return {};
}

base::Status SoundEncoder::encode(AVAudioFifo &from, const OnFrame &on_frame) {
  SLUICE_TRY_VOID(make_room());
  auto *planes = reinterpret_cast<void **>(samples_->extended_data);
  if (av_audio_fifo_read(&from, planes, kFrameSamples) != kFrameSamples) return no_memory();
  samples_->pts = taken_;
  taken_ += kFrameSamples;
  if (avcodec_send_frame(context_.get(), samples_.get()) < 0) {
    return refuse(Code::System, "the sound cannot be encoded");
  }
  while (avcodec_receive_packet(context_.get(), packet_.get()) == 0) {
    // What comes before the first samples only prepares a decoder for them.
    if (packet_->pts >= 0) {
      on_frame(packet_->pts, base::Bytes(reinterpret_cast<const std::byte *>(packet_->data),
                                         static_cast<std::size_t>(packet_->size)));
    }
    av_packet_unref(packet_.get());
  }
  return {};
}

}  // namespace sluice::transcode
