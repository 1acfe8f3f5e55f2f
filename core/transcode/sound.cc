// SPDX-License-Identifier: Apache-2.0
#include "transcode/sound.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "media/describe.h"
#include "transcode/sound_clock.h"
#include "transcode/sound_decoder.h"
#include "transcode/sound_encoder.h"
#include "transcode/sound_resampler.h"

namespace sluice::transcode {
namespace {

using base::Code;
using media::Ticks;

// Where AAC's frames last 21 to 32 ms. Decoders everywhere take these.
std::uint32_t output_rate(std::uint32_t rate) {
  for (std::uint32_t base : {44'100U, 32'000U}) {
    for (std::uint32_t parts : {1U, 2U, 4U}) {
      if (rate * parts == base) return base;
    }
  }
  return 48'000;
}

// An AudioSpecificConfig (ISO/IEC 14496-3, clause 1.6.2.1): object type 2, index of the rate,
// channels.
std::string low_complexity_config(std::uint32_t rate, std::uint32_t channels) {
  const unsigned index = rate == 48'000 ? 3 : rate == 44'100 ? 4 : 5;
  const unsigned word = 2U << 11 | index << 7 | channels << 3;
  return {static_cast<char>(word >> 8), static_cast<char>(word & 0xff)};
}

std::uint32_t usual_bit_rate(const media::Track &aac) {
  if (aac.channels > 1) return 128'000;
  return aac.sample_rate > 32'000 ? 64'000 : 48'000;
}

Ticks length_of(const AVFrame &samples) {
  return Ticks(std::int64_t{samples.nb_samples} * Ticks::period::den / samples.sample_rate);
}

std::int64_t micros(Ticks time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

class Transcoder final : public SoundTranscoder {
 public:
  struct Parts {
    SoundDecoder decoder;
    SoundEncoder encoder;
    Owned<AVAudioFifo> samples;
  };
  Transcoder(Parts parts, const media::Track &aac)
      : rate_(aac.sample_rate),
        decoder_(std::move(parts.decoder)),
        encoder_(std::move(parts.encoder)),
        samples_(std::move(parts.samples)),
        resampler_(static_cast<int>(aac.sample_rate), static_cast<int>(aac.channels)),
        clock_(aac.sample_rate) {}

  Made take(std::span<const SoundFrame> frames) override;

 private:
  // Decoded samples, of which no more than `most` are wanted.
  struct Sound {
    const AVFrame &samples;
    Ticks dts;
    Ticks most;
  };
  // When samples are heard that are with the encoder.
  struct Place {
    std::int64_t first;  // its number
    Ticks dts;
    std::int64_t wall_us;
  };
  base::Status take_one(const SoundFrame &frame, Made &made);
  base::Status add(const Sound &sound, Made &made);
  base::Status place(const Sound &sound, Made &made);
  base::Status begin_anew(Ticks at, Made &made);
  base::Status add_silence(std::int64_t samples);
  base::Status encode(Made &made);
  void add_frame(std::int64_t first, base::Bytes payload, Made &made);
  // The number of the sample that is put in next.
  [[nodiscard]] std::int64_t next() const {
    return encoder_.taken() + av_audio_fifo_size(samples_.get()) + resampler_.delay();
  }

  std::int64_t rate_;  // of the output, as all samples here
  SoundDecoder decoder_;
  SoundEncoder encoder_;
  Owned<AVAudioFifo> samples_;  // that do not fill a frame yet
  SoundResampler resampler_;
  SoundClock clock_;
  std::deque<Place> places_;         // of what it keeps: one or two
  std::int64_t wall_offset_us_ = 0;  // from the stream's time to the time of day; 0: not known
  Ticks newest_{-1};                 // time that was given out
};

SoundTranscoder::Made Transcoder::take(std::span<const SoundFrame> frames) {
  Made made;
  for (const SoundFrame &frame : frames) {
    if (!take_one(frame, made)) ++made.refused;
  }
  return made;
}

base::Status Transcoder::take_one(const SoundFrame &frame, Made &made) {
  if (frame.payload.size() > kMaxSoundFrame) return refuse(Code::TooLarge, "the frame of sound");
  if (frame.wall_us != 0) wall_offset_us_ = frame.wall_us - micros(frame.dts);
  SLUICE_TRY_VOID(decoder_.send(base::as_bytes(frame.payload)));
  base::Status status;
  Ticks done{0};
  // To the end in any case, or the decoder takes nothing more.
  while (const AVFrame *samples = decoder_.receive()) {
    if (!status || done >= kMaxSoundLength) continue;
    status = add({*samples, frame.dts + done, kMaxSoundLength - done}, made);
    done += length_of(*samples);
  }
  return status;
}

base::Status Transcoder::add(const Sound &sound, Made &made) {
  SLUICE_TRY_VOID(place(sound, made));
  return encode(made);
}

// Puts the samples where their time says.
base::Status Transcoder::place(const Sound &sound, Made &made) {
  const SoundClock::Step step = clock_.step(sound.dts, next());
  if (step.begins_anew) SLUICE_TRY_VOID(begin_anew(sound.dts, made));
  SLUICE_TRY_VOID(add_silence(step.silence));
  const std::int64_t rate = sound.samples.sample_rate;
  const std::int64_t cut = sound.most.count() * rate / Ticks::period::den;
  const std::int64_t count =
      std::min<std::int64_t>(sound.samples.nb_samples, cut) - step.excess * rate / rate_;
  if (count <= 0) return {};
  return resampler_.convert(sound.samples, static_cast<int>(count), *samples_);
}

// What was before is filled up to a whole frame, so that none has sound of both times.
base::Status Transcoder::begin_anew(Ticks at, Made &made) {
  resampler_.forget();
  const int rest = av_audio_fifo_size(samples_.get()) % SoundEncoder::kFrameSamples;
  if (rest > 0) SLUICE_TRY_VOID(add_silence(SoundEncoder::kFrameSamples - rest));
  SLUICE_TRY_VOID(encode(made));
  clock_.set(at, next());
  return {};
}

base::Status Transcoder::add_silence(std::int64_t samples) {
  if (samples <= 0) return {};
  return resampler_.add_silence(static_cast<int>(samples), *samples_);
}

base::Status Transcoder::encode(Made &made) {
  while (av_audio_fifo_size(samples_.get()) >= SoundEncoder::kFrameSamples) {
    const std::int64_t first = encoder_.taken();
    const Ticks dts = clock_.time_of(first);
    places_.push_back({first, dts, wall_offset_us_ == 0 ? 0 : wall_offset_us_ + micros(dts)});
    SLUICE_TRY_VOID(encoder_.encode(*samples_, [&](std::int64_t number, base::Bytes payload) {
      add_frame(number, payload, made);
    }));
  }
  return {};
}

void Transcoder::add_frame(std::int64_t first, base::Bytes payload, Made &made) {
  while (!places_.empty() && places_.front().first < first)
    places_.pop_front();
  if (places_.empty() || places_.front().first != first) return;
  newest_ = std::max(places_.front().dts, newest_ + Ticks(1));
  made.frames.push_back({newest_, places_.front().wall_us, std::string(base::as_text(payload))});
  made.length += Ticks(SoundEncoder::kFrameSamples * Ticks::period::den / rate_);
}

}  // namespace

bool can_decode_sound(media::Codec codec) { return SoundDecoder::codec_of(codec) != nullptr; }

media::Track aac_track_of(const media::Track &sound) {
  const std::uint32_t channels = sound.channels == 1 ? 1 : 2;
  const std::string config = low_complexity_config(output_rate(sound.sample_rate), channels);
  return media::describe(media::Codec::AAC, base::as_bytes(config));
}

base::Result<std::unique_ptr<SoundTranscoder>> SoundTranscoder::open(const media::Track &sound,
                                                                     const Options &options) {
  set_up_library();
  const media::Track aac = aac_track_of(sound);
  const std::uint32_t bit_rate = options.bit_rate > 0 ? options.bit_rate : usual_bit_rate(aac);
  SLUICE_TRY(decoder, SoundDecoder::open(sound));
  SLUICE_TRY(encoder, SoundEncoder::open(aac, bit_rate));
  Owned<AVAudioFifo> samples(av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, static_cast<int>(aac.channels),
                                                 SoundEncoder::kFrameSamples));
  if (!samples) return no_memory();
  Transcoder::Parts parts{std::move(decoder), std::move(encoder), std::move(samples)};
  return std::make_unique<Transcoder>(std::move(parts), aac);
}

}  // namespace sluice::transcode
