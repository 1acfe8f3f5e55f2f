// SPDX-License-Identifier: Apache-2.0
#include "transcode/sound_resampler.h"

extern "C" {
#include <libavutil/samplefmt.h>
}

namespace sluice::transcode {
namespace {

using base::Code;

// A sender that changes its form with every frame must not make a resampler with a large table each
// time: rates stay where real sound is.
constexpr int kMinRate = 4'000;
constexpr int kMaxRate = 192'000;

struct Layout {
  explicit Layout(int channels) { av_channel_layout_default(&value, channels); }
  ~Layout() { av_channel_layout_uninit(&value); }
  Layout(const Layout &) = delete;
  Layout &operator=(const Layout &) = delete;
  AVChannelLayout value{};
};

}  // namespace

base::Status SoundResampler::open(const AVFrame &samples) {
  const Form form{samples.sample_rate, samples.format, samples.ch_layout.nb_channels};
  if (swr_ && form == form_) return {};
  if (form.rate < kMinRate || form.rate > kMaxRate) return refuse(Code::Unsupported, "sample rate");
  Layout in(form.channels);
  Layout out(channels_);
  SwrContext *made = nullptr;
  const int set =
      swr_alloc_set_opts2(&made, &out.value, AV_SAMPLE_FMT_FLTP, rate_, &in.value,
                          static_cast<AVSampleFormat>(form.format), form.rate, 0, nullptr);
  swr_.reset(made);
  if (set < 0 || swr_init(swr_.get()) < 0) {
    swr_.reset();
    return refuse(Code::Unsupported, "this arrangement of channels");
  }
  form_ = form;
  return {};
}

base::Status SoundResampler::reserve(int samples) {
  if (room_ && room_->nb_samples >= samples) return {};
  room_.reset(av_frame_alloc());
  if (!room_) return no_memory();
  room_->format = AV_SAMPLE_FMT_FLTP;
  room_->nb_samples = samples;
  av_channel_layout_default(&room_->ch_layout, channels_);
  if (av_frame_get_buffer(room_.get(), 0) < 0) {
    room_.reset();
    return no_memory();
  }
  return {};
}

base::Status SoundResampler::convert(const AVFrame &samples, int count, AVAudioFifo &out) {
  SLUICE_TRY_VOID(open(samples));
  const int most = swr_get_out_samples(swr_.get(), count);
  if (most <= 0) return {};
  SLUICE_TRY_VOID(reserve(most));
  const auto *const *in = const_cast<const std::uint8_t *const *>(samples.extended_data);
  const int made = swr_convert(swr_.get(), room_->extended_data, most,
                               const_cast<const std::uint8_t **>(in), count);
  if (made < 0) return refuse(Code::Malformed, "the sound cannot be resampled");
  auto *planes = reinterpret_cast<void **>(room_->extended_data);
  if (made > 0 && av_audio_fifo_write(&out, planes, made) < made) return no_memory();
  return {};
}

base::Status SoundResampler::add_silence(int count, AVAudioFifo &out) {
  SLUICE_TRY_VOID(reserve(count));
  av_samples_set_silence(room_->extended_data, 0, count, channels_, AV_SAMPLE_FMT_FLTP);
  auto *planes = reinterpret_cast<void **>(room_->extended_data);
  if (av_audio_fifo_write(&out, planes, count) < count) return no_memory();
  return {};
}

std::int64_t SoundResampler::delay() const { return swr_ ? swr_get_delay(swr_.get(), rate_) : 0; }

}  // namespace sluice::transcode
