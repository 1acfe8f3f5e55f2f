// SPDX-License-Identifier: Apache-2.0
// SoundDecoder: frames of sound to samples. Takes hostile bytes.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "transcode/library.h"

#include "media/codec.h"

namespace sluice::transcode {

class SoundDecoder {
 public:
  static base::Result<SoundDecoder> open(const media::Track &sound);
  static const AVCodec *codec_of(media::Codec codec);  // null: there is none

  base::Status send(base::Bytes frame);
  // The next samples of what was sent, until the next call; null when there are no more.
  const AVFrame *receive();

 private:
  Owned<AVCodecContext> context_;
  Owned<AVPacket> packet_;
  Owned<AVFrame> samples_;
};

}  // namespace sluice::transcode
