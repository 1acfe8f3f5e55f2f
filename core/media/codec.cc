// SPDX-License-Identifier: Apache-2.0
#include "media/codec.h"

namespace sluice::media {

Kind kind_of(Codec codec) { return codec < Codec::AAC ? Kind::Video : Kind::Audio; }

const char *codec_name(Codec codec) {
  switch (codec) {
    case Codec::H264:
      return "h264";
    case Codec::H265:
      return "h265";
    case Codec::AV1:
      return "av1";
    case Codec::VP9:
      return "vp9";
    case Codec::MJPEG:
      return "mjpeg";
    case Codec::AAC:
      return "aac";
    case Codec::MP3:
      return "mp3";
    case Codec::PCMA:
      return "pcma";
    case Codec::PCMU:
      return "pcmu";
    case Codec::Opus:
      return "opus";
    case Codec::FLAC:
      return "flac";
    case Codec::AC3:
      return "ac3";
    case Codec::EAC3:
      return "eac3";
    case Codec::MP2:
      return "mp2";
    case Codec::G726:
      return "g726";
    case Codec::L16:
      return "l16";
  }
  return "unknown";
}

bool needs_config(Codec codec) {
  // AV1, VP9 and Opus carry what a decoder must know in their frames as well.
  return codec == Codec::H264 || codec == Codec::H265 || codec == Codec::AAC ||
         codec == Codec::FLAC;
}

}  // namespace sluice::media
