// SPDX-License-Identifier: Apache-2.0
#include "transcode/sound_decoder.h"

#include <algorithm>
#include <string_view>

namespace sluice::transcode {
namespace {

using base::Code;
using media::Codec;

constexpr std::uint32_t kMaxRate = 192'000;

AVCodecID id_of(const media::Track &sound) {
  switch (sound.codec) {
    case Codec::AAC:
      return AV_CODEC_ID_AAC;
    case Codec::MP3:
      return AV_CODEC_ID_MP3;
    case Codec::MP2:
      return AV_CODEC_ID_MP2;
    case Codec::PCMA:
      return AV_CODEC_ID_PCM_ALAW;
    case Codec::PCMU:
      return AV_CODEC_ID_PCM_MULAW;
    case Codec::Opus:
      return AV_CODEC_ID_OPUS;
    case Codec::FLAC:
      return AV_CODEC_ID_FLAC;
    case Codec::AC3:
      return AV_CODEC_ID_AC3;
    case Codec::EAC3:
      return AV_CODEC_ID_EAC3;
    case Codec::G726:
      return sound.high_bits_first ? AV_CODEC_ID_ADPCM_G726 : AV_CODEC_ID_ADPCM_G726LE;
    case Codec::L16:
      return AV_CODEC_ID_PCM_S16BE;
    default:
      return AV_CODEC_ID_NONE;
  }
}

// The library wants a FLAC file's first block without what stands before it in dfLa.
std::string_view extradata_of(const media::Track &sound) {
  constexpr std::size_t kBoxAndBlockHead = 8;
  std::string_view config = sound.config;
  if (sound.codec == Codec::FLAC) config.remove_prefix(std::min(kBoxAndBlockHead, config.size()));
  return config;
}

void describe(AVCodecContext &context, const media::Track &sound) {
  context.thread_count = 1;
  context.sample_rate = static_cast<int>(std::min(sound.sample_rate, kMaxRate));
  const std::uint32_t channels = std::clamp<std::uint32_t>(sound.channels, 1, 8);
  av_channel_layout_default(&context.ch_layout, static_cast<int>(channels));
  if (sound.codec == Codec::G726)
    context.bits_per_coded_sample = static_cast<int>(sound.bits_per_sample);
}

}  // namespace

const AVCodec *SoundDecoder::codec_of(media::Codec codec) {
  return avcodec_find_decoder(id_of({.codec = codec}));
}

base::Result<SoundDecoder> SoundDecoder::open(const media::Track &sound) {
  const AVCodec *codec = avcodec_find_decoder(id_of(sound));
  if (codec == nullptr) return refuse(Code::Unsupported, "no decoder of this codec");
  SoundDecoder decoder;
  decoder.context_.reset(avcodec_alloc_context3(codec));
  decoder.packet_.reset(av_packet_alloc());
  decoder.samples_.reset(av_frame_alloc());
  if (!decoder.context_ || !decoder.packet_ || !decoder.samples_) return no_memory();
  describe(*decoder.context_, sound);
  SLUICE_TRY_VOID(set_extradata(*decoder.context_, base::as_bytes(extradata_of(sound))));
  if (avcodec_open2(decoder.context_.get(), codec, nullptr) < 0) {
    return refuse(Code::Malformed, "the decoder does not take the configuration");
  }
  return decoder;
}

base::Status SoundDecoder::send(base::Bytes frame) {
  SLUICE_TRY_VOID(fill(*packet_, frame));
  const int sent = avcodec_send_packet(context_.get(), packet_.get());
  av_packet_unref(packet_.get());
  if (sent < 0) return refuse(Code::Malformed, "the frame cannot be decoded");
  return {};
}

const AVFrame *SoundDecoder::receive() {
  while (avcodec_receive_frame(context_.get(), samples_.get()) >= 0) {
    const bool usable = samples_->nb_samples > 0 && samples_->sample_rate > 0 &&
                        samples_->ch_layout.nb_channels > 0;
    if (usable) return samples_.get();
  }
  return nullptr;
}

}  // namespace sluice::transcode
