// SPDX-License-Identifier: Apache-2.0
#include "mux/fmp4_clock.h"

#include <algorithm>
#include <array>
#include <utility>

#include "media/aac.h"
#include "media/mp3.h"

namespace sluice::mux {

namespace {

using media::Codec;

constexpr std::int64_t kTicksPerSecond = 90'000;
// So far from 2^63 that no sum of times overflows: a hundred thousand years.
constexpr std::int64_t kMaxTime = std::int64_t{1} << 58;
// No encoder works beyond these.
constexpr std::uint32_t kMinRate = 1'000;
constexpr std::uint32_t kMaxRate = 384'000;

constexpr std::int64_t kFine = 16;
constexpr std::int64_t kShortestPicture = 90;
constexpr std::int64_t kUsualPicture = 3'600;
constexpr std::int64_t kLongestPicture = 900'000;

constexpr std::uint64_t kLongestGap = 1U << 30;  // of audio, in its scale: some hours

constexpr std::uint32_t kOpusRate = 48'000;
constexpr std::uint32_t kOpusUsual = 960;
constexpr std::uint32_t kOpusLongest = 5'760;  // 120 ms

// RFC 6716, section 3.1.
std::uint32_t opus_duration(base::Bytes payload) {
  static constexpr std::array<std::uint32_t, 4> kSilk = {480, 960, 1'920, 2'880};
  static constexpr std::array<std::uint32_t, 2> kHybrid = {480, 960};
  static constexpr std::array<std::uint32_t, 4> kCelt = {120, 240, 480, 960};
  base::ByteReader in(payload);
  const unsigned toc = in.u8();
  if (!in.ok()) return kOpusUsual;
  const unsigned config = toc >> 3;
  const std::uint32_t one = config < 12   ? kSilk[config & 3]
                            : config < 16 ? kHybrid[config & 1]
                                          : kCelt[config & 3];
  const unsigned code = toc & 3;
  const unsigned count = code == 0 ? 1 : code < 3 ? 2 : in.u8() & 0x3fU;
  return count == 0 ? kOpusUsual : std::min(one * count, kOpusLongest);
}

}  // namespace

AudioScale AudioScale::of(const media::Track &track) {
  AudioScale result;
  if (track.codec == Codec::AAC) {
    // Frames count samples of the core, whatever spectral band replication makes of them.
    if (const auto aac = media::parse_aac_config(base::as_bytes(track.config)))
      result = {.scale = aac->core_rate, .usual = aac->frame_samples};
  } else if (track.codec == Codec::Opus) {
    result = {.scale = kOpusRate, .usual = kOpusUsual};
  } else if (track.codec == Codec::MP3) {
    // MPEG-2 has half the samples.
    result = {.scale = track.sample_rate, .usual = track.sample_rate < 32'000 ? 576U : 1'152U};
  }
  if (result.scale < kMinRate || result.scale > kMaxRate) return {};
  return result;
}

std::uint32_t audio_duration(const media::Track &track, AudioScale scale, base::Bytes payload) {
  if (track.codec == Codec::Opus) return opus_duration(payload);
  if (track.codec == Codec::MP3) {
    const auto header = media::parse_mp3_header(payload);
    if (header && header->frame_samples > 0) return header->frame_samples;
  }
  return scale.usual;
}

std::uint64_t scaled_time(media::Ticks time, std::uint32_t scale) {
  const std::int64_t ticks = std::clamp<std::int64_t>(time.count(), 0, kMaxTime);
  const auto seconds = static_cast<std::uint64_t>(ticks / kTicksPerSecond);
  const auto rest = static_cast<std::uint64_t>(ticks % kTicksPerSecond);
  return seconds * scale + rest * scale / kTicksPerSecond;
}

SamplePlace AudioClock::place(media::Ticks dts, std::uint32_t duration) {
  const std::uint64_t own = scaled_time(dts, scale_);
  const std::uint64_t near = std::max(duration / 2, scale_ / 50);
  SamplePlace placed{.time = next_, .duration = duration};
  if (!started_) {
    placed.time = own;
  } else if (own > next_ + near) {
    const std::uint64_t missing = (own - next_ + duration / 2) / duration * duration;
    if (missing <= kLongestGap) {
      placed.duration += static_cast<std::uint32_t>(missing);
    } else {
      placed.time += missing;
    }
  } else if (own + near < next_) {
    const std::uint64_t behind = next_ - own;
    placed.duration = behind < duration ? static_cast<std::uint32_t>(duration - behind) : 1;
  }
  started_ = true;
  next_ = placed.time + placed.duration;
  return placed;
}

PictureClock::PictureClock(double frame_rate)
    : mean_(kUsualPicture * kFine), known_(frame_rate > 0) {
  if (known_) {
    const double ticks = static_cast<double>(kTicksPerSecond) / frame_rate;
    mean_ = static_cast<std::int64_t>(std::min(ticks, double{kLongestPicture})) * kFine;
  }
}

void PictureClock::learn(std::int64_t distance) {
  const std::int64_t fine = std::min(distance, kLongestPicture) * kFine;
  const int side = fine > 2 * mean_ ? 1 : 2 * fine < mean_ ? -1 : 0;
  if (!std::exchange(known_, true) || (side != 0 && side == out_of_line_)) {
    mean_ = fine;
    out_of_line_ = 0;
    return;
  }
  out_of_line_ = side;
  mean_ += (std::clamp(fine, mean_ / 2, 2 * mean_) - mean_) / 8;
}

SamplePlace PictureClock::place(media::Ticks dts) {
  const std::int64_t time = std::clamp<std::int64_t>(dts.count(), 0, kMaxTime);
  const std::int64_t foreseen = end_ - start_;
  const bool late = last_ >= 0 && time - start_ > 2 * foreseen;
  if (last_ >= 0 && time > last_) learn(time - last_);
  last_ = time;
  start_ = late && time - end_ <= kLongestPicture ? end_ : time;
  end_ = time + std::clamp(mean_ / kFine, kShortestPicture, kLongestPicture);
  return {.time = static_cast<std::uint64_t>(start_),
          .duration = static_cast<std::uint32_t>(end_ - start_)};
}

}  // namespace sluice::mux
