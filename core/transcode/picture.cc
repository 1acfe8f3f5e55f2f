// SPDX-License-Identifier: Apache-2.0
#include "transcode/picture.h"

#include <algorithm>
#include <array>
#include <utility>

#include "transcode/library.h"

extern "C" {
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
}

namespace sluice::transcode {
namespace {

using base::Code;

// The scale of MJPEG's quantizers, 2 to 31: 4 shows no blocks and costs about a bit for a pixel.
constexpr int kQuality = 4;

const AVCodec *decoder_of(media::Codec codec) {
  switch (codec) {
    case media::Codec::H264:
      return avcodec_find_decoder(AV_CODEC_ID_H264);
    case media::Codec::H265:
      return avcodec_find_decoder(AV_CODEC_ID_HEVC);
    case media::Codec::AV1: {
      // FFmpeg's own decoder of AV1 only drives hardware.
      const AVCodec *decoder = avcodec_find_decoder_by_name("libdav1d");
      return decoder != nullptr ? decoder : avcodec_find_decoder_by_name("libaom-av1");
    }
    case media::Codec::MJPEG:
      return avcodec_find_decoder(AV_CODEC_ID_MJPEG);
    default:
      return nullptr;
  }
}

base::Result<Owned<AVCodecContext>> open_decoder(const media::Track &track) {
  const AVCodec *decoder = decoder_of(track.codec);
  if (decoder == nullptr) return refuse(Code::Unsupported, "no decoder of this codec");
  Owned<AVCodecContext> context(avcodec_alloc_context3(decoder));
  if (!context) return no_memory();
  context->thread_count = 1;
  context->max_pixels = kMaxPicturePixels;
  // What would have to be guessed is an error.
  context->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
  context->error_concealment = 0;
  // A camera may start its GOPs with pictures that only say of themselves that they are complete.
  context->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
  SLUICE_TRY_VOID(set_extradata(*context, base::as_bytes(track.config)));
  if (avcodec_open2(context.get(), decoder, nullptr) < 0) {
    return refuse(Code::Malformed, "the decoder does not take the configuration");
  }
  return context;
}

base::Result<Owned<AVPacket>> packet_of(base::Bytes bytes) {
  Owned<AVPacket> packet(av_packet_alloc());
  if (!packet) return no_memory();
  SLUICE_TRY_VOID(fill(*packet, bytes));
  packet->flags |= AV_PKT_FLAG_KEY;
  packet->pts = packet->dts = 0;
  return packet;
}

base::Status check_size(const AVFrame &picture) {
  const bool fits = picture.width <= static_cast<int>(kMaxPictureSide) &&
                    picture.height <= static_cast<int>(kMaxPictureSide) &&
                    std::int64_t{picture.width} * picture.height <= kMaxPicturePixels;
  if (!fits) return refuse(Code::TooLarge, "the picture is too large");
  if (picture.width < 2 || picture.height < 2) {
    return refuse(Code::Malformed, "the picture is too small");
  }
  return {};
}

base::Result<Owned<AVFrame>> decode(const media::Track &track, base::Bytes access_unit) {
  SLUICE_TRY(context, open_decoder(track));
  SLUICE_TRY(packet, packet_of(access_unit));
  Owned<AVFrame> picture(av_frame_alloc());
  if (!picture) return no_memory();
  // Without a next one the decoder gives out what it has at once.
  if (avcodec_send_packet(context.get(), packet.get()) < 0 ||
      avcodec_send_packet(context.get(), nullptr) < 0 ||
      avcodec_receive_frame(context.get(), picture.get()) < 0) {
    return refuse(Code::Malformed, "the key frame cannot be decoded");
  }
  SLUICE_TRY_VOID(check_size(*picture));
  return picture;
}

int even(std::int64_t length) {
  return static_cast<int>(std::max<std::int64_t>(length & ~std::int64_t{1}, 2));
}

// The shape of the picture stays, as near as even numbers come to it.
base::Result<Owned<AVFrame>> scaled(const AVFrame &picture, std::uint32_t width) {
  const auto format = static_cast<AVPixelFormat>(picture.format);
  if (sws_isSupportedInput(format) == 0) return refuse(Code::Unsupported, "format of pixels");
  Owned<AVFrame> out(av_frame_alloc());
  if (!out) return no_memory();
  out->width = even(std::min<std::int64_t>(width, picture.width));
  out->height =
      even((std::int64_t{picture.height} * out->width + picture.width / 2) / picture.width);
  out->format = AV_PIX_FMT_YUVJ420P;
  out->color_range = AVCOL_RANGE_JPEG;
  if (av_frame_get_buffer(out.get(), 0) < 0) return no_memory();
  Owned<SwsContext> scaler(sws_getContext(picture.width, picture.height, format, out->width,
                                          out->height, AV_PIX_FMT_YUVJ420P, SWS_AREA, nullptr,
                                          nullptr, nullptr));
  if (!scaler) return refuse(Code::Unsupported, "the picture cannot be scaled so");
  if (picture.color_range == AVCOL_RANGE_JPEG) {
    const int *colours = sws_getCoefficients(SWS_CS_DEFAULT);
    (void)sws_setColorspaceDetails(scaler.get(), colours, 1, colours, 1, 0, 1 << 16, 1 << 16);
  }
  if (sws_scale(scaler.get(), picture.data, picture.linesize, 0, picture.height, out->data,
                out->linesize) != out->height) {
    return refuse(Code::Malformed, "the picture cannot be scaled");
  }
  return out;
}

base::Result<std::string> encode(AVFrame &picture) {
  const AVCodec *encoder = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  Owned<AVCodecContext> context(encoder != nullptr ? avcodec_alloc_context3(encoder) : nullptr);
  if (!context) return refuse(Code::Unsupported, "no encoder of JPEG");
  context->width = picture.width;
  context->height = picture.height;
  context->pix_fmt = AV_PIX_FMT_YUVJ420P;
  context->color_range = AVCOL_RANGE_JPEG;
  context->time_base = {1, 25};
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_QSCALE;
  context->global_quality = FF_QP2LAMBDA * kQuality;
  picture.quality = context->global_quality;
  picture.pts = 0;
  Owned<AVPacket> packet(av_packet_alloc());
  if (!packet) return no_memory();
  if (avcodec_open2(context.get(), encoder, nullptr) < 0 ||
      avcodec_send_frame(context.get(), &picture) < 0 ||
      avcodec_receive_packet(context.get(), packet.get()) < 0) {
    return refuse(Code::System, "the picture cannot be encoded");
  }
  return std::string(reinterpret_cast<const char *>(packet->data),
                     static_cast<std::size_t>(packet->size));
}

// A whole JPEG, of which the track knows that it is small enough.
bool passes_as_it_is(const media::Track &track, base::Bytes unit, std::uint32_t width) {
  constexpr std::array<std::byte, 3> kStart{std::byte{0xff}, std::byte{0xd8}, std::byte{0xff}};
  return track.codec == media::Codec::MJPEG && track.width > 0 && track.width <= width &&
         unit.size() > kStart.size() && std::equal(kStart.begin(), kStart.end(), unit.begin());
}

}  // namespace

bool can_decode(media::Codec codec) { return decoder_of(codec) != nullptr; }

base::Result<std::string> make_jpeg(const media::Track &track, base::Bytes access_unit,
                                    std::uint32_t width) {
  set_up_library();
  if (access_unit.empty()) return refuse(Code::Malformed, "the key frame is empty");
  if (access_unit.size() > kMaxAccessUnit) return refuse(Code::TooLarge, "the key frame");
  width = std::clamp(width, kMinPictureWidth, kMaxPictureSide);
  if (passes_as_it_is(track, access_unit, width)) {
    return std::string(base::as_text(access_unit));
  }
  SLUICE_TRY(picture, decode(track, access_unit));
  SLUICE_TRY(small, scaled(*picture, width));
  picture.reset();  // the large one goes before there is a third
  return encode(*small);
}

}  // namespace sluice::transcode
