// SPDX-License-Identifier: Apache-2.0
// FFmpeg's tools make the sound, and decode what comes out.
#include "transcode/sound.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "media/mp3.h"
#include "mux/ts_audio.h"
#include "support/encoded_source.h"

using namespace sluice;
using media::Codec;
using media::Ticks;
using test::run;
using test::TempFile;
using transcode::SoundFrame;
using transcode::SoundTranscoder;
using namespace std::chrono_literals;

namespace {

media::BufferPool pool;
constexpr int kTone = 1'000;

std::string tone(int rate, int channels, int seconds = 2) {
  return "-f lavfi -i sine=" + std::to_string(kTone) + ":r=" + std::to_string(rate) +
         ":d=" + std::to_string(seconds) + " -ac " + std::to_string(channels) + ' ';
}

// A file of nothing but frames.
std::string raw(const std::string &arguments) {
  const TempFile file;
  const std::string said = run("ffmpeg -nostdin -v error -y " + arguments + ' ' + file.path());
  CAPTURE(said);
  REQUIRE(said.empty());
  return test::read_file(file.path());
}

// Pieces of one size, each of that length.
std::vector<SoundFrame> cut(const std::string &bytes, std::size_t size, Ticks length) {
  std::vector<SoundFrame> frames;
  for (std::size_t at = 0; at + size <= bytes.size(); at += size)
    frames.push_back({length * static_cast<int>(frames.size()), 0, bytes.substr(at, size)});
  return frames;
}

// At the headers of MPEG audio.
std::vector<SoundFrame> cut_mpeg(const std::string &bytes) {
  std::vector<SoundFrame> frames;
  std::int64_t samples = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto header = media::parse_mp3_header(base::as_bytes(bytes).subspan(at));
    REQUIRE(header);
    const Ticks dts(samples * 90'000 / header->sample_rate);
    frames.push_back({dts, 0, bytes.substr(at, header->frame_size)});
    samples += header->frame_samples;
    at += header->frame_size;
  }
  return frames;
}

struct Outcome {
  media::Track aac;
  SoundTranscoder::Made made;
};

Outcome to_aac(const media::Track &track, std::span<const SoundFrame> frames) {
  auto transcoder = SoundTranscoder::open(track, {});
  REQUIRE(transcoder);
  return {transcode::aac_track_of(track), (*transcoder)->take(frames)};
}

// What a decoder makes of it: samples of one channel.
std::vector<double> decoded(const Outcome &outcome) {
  const auto head = mux::ts_adts(base::as_bytes(outcome.aac.config));
  REQUIRE(head.has_value());
  std::string adts;
  for (const SoundFrame &frame : outcome.made.frames) {
    mux::append_adts(adts, *head, frame.payload.size());
    adts += frame.payload;
  }
  const TempFile in(adts);
  const TempFile out;
  const std::string said = run("ffmpeg -nostdin -v error -xerror -y -f aac -i " + in.path() +
                               " -ac 1 -f f64le " + out.path());
  CHECK(said == "");
  const std::string bytes = test::read_file(out.path());
  std::vector<double> samples(bytes.size() / sizeof(double));
  std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(double));
  return samples;
}

// The share of the sound's power that is in the tone, past the first tenth of a second.
double share_of_tone(const std::vector<double> &samples, std::uint32_t rate) {
  double sine = 0;
  double cosine = 0;
  double power = 0;
  const std::size_t from = rate / 10;
  REQUIRE(samples.size() > 2 * from);
  for (std::size_t i = from; i < samples.size(); ++i) {
    const double phase = 2 * std::numbers::pi * kTone * static_cast<double>(i) / rate;
    sine += samples[i] * std::sin(phase);
    cosine += samples[i] * std::cos(phase);
    power += samples[i] * samples[i];
  }
  const auto n = static_cast<double>(samples.size() - from);
  return (sine * sine + cosine * cosine) / n * 2 / power;
}

void check_tone(const media::Track &track, std::span<const SoundFrame> frames) {
  CAPTURE(media::codec_name(track.codec));
  CAPTURE(track.bits_per_sample);
  const Outcome outcome = to_aac(track, frames);
  CHECK(outcome.made.refused == 0);
  const Ticks given = frames.back().dts;
  REQUIRE(outcome.made.frames.size() > 10);
  // Nothing is missing but what is kept back for the frames to come.
  CHECK(outcome.made.frames.front().dts <= frames.front().dts + 30ms);
  CHECK(outcome.made.frames.back().dts >= given - 160ms);
  CHECK(outcome.made.frames.back().dts <= given + 40ms);
  CHECK(share_of_tone(decoded(outcome), outcome.aac.sample_rate) > 0.97);
}

media::Track track_of(Codec codec, std::uint32_t rate, std::uint32_t channels) {
  media::Track track{.codec = codec};
  track.sample_rate = rate;
  track.channels = channels;
  return track;
}

std::vector<SoundFrame> alaw(int seconds = 2) {
  return cut(raw(tone(8'000, 1, seconds) + "-c:a pcm_alaw -f alaw"), 160, 20ms);
}

const media::Track kAlaw = track_of(Codec::PCMA, 8'000, 1);

}  // namespace

TEST_SUITE("transcode") {
  TEST_CASE("sound: G.711 is heard as it was") {
    if (!test::have_ffmpeg()) return;
    check_tone(kAlaw, alaw());
    check_tone(track_of(Codec::PCMU, 8'000, 1),
               cut(raw(tone(8'000, 1) + "-c:a pcm_mulaw -f mulaw"), 320, 40ms));
    check_tone(track_of(Codec::PCMU, 16'000, 2),
               cut(raw(tone(16'000, 2) + "-c:a pcm_mulaw -f mulaw"), 1280, 40ms));
  }

  TEST_CASE("sound: G.726 is heard as it was, in all widths and both orders of bits") {
    if (!test::have_ffmpeg()) return;
    for (std::uint32_t bits = 2; bits <= 5; ++bits) {
      for (const bool high : {false, true}) {
        media::Track track = track_of(Codec::G726, 8'000, 1);
        track.bits_per_sample = bits;
        track.high_bits_first = high;
        CAPTURE(high);
        const std::string name = high ? "g726" : "g726le";
        const std::string bytes = raw(tone(8'000, 1) + "-c:a " + name + " -b:a " +
                                      std::to_string(bits * 8) + "k -f " + name);
        check_tone(track, cut(bytes, bits * 20, 20ms));
      }
    }
  }

  TEST_CASE("sound: L16 is heard as it was") {
    if (!test::have_ffmpeg()) return;
    check_tone(track_of(Codec::L16, 16'000, 1),
               cut(raw(tone(16'000, 1) + "-c:a pcm_s16be -f s16be"), 640, 20ms));
    check_tone(track_of(Codec::L16, 44'100, 2),
               cut(raw(tone(44'100, 2) + "-c:a pcm_s16be -f s16be"), 1764, 10ms));
  }

  TEST_CASE("sound: MPEG audio is heard as it was, also where its track states nothing") {
    if (!test::have_encoder("libmp3lame")) return;
    check_tone(track_of(Codec::MP3, 44'100, 2),
               cut_mpeg(raw(tone(44'100, 2) + "-c:a libmp3lame -write_xing 0 -id3v2_version 0 "
                                              "-f mp3")));
    check_tone(track_of(Codec::MP3, 0, 0),
               cut_mpeg(raw(tone(22'050, 1) + "-c:a libmp3lame -write_xing 0 -id3v2_version 0 "
                                              "-f mp3")));
    check_tone(track_of(Codec::MP2, 48'000, 2), cut_mpeg(raw(tone(48'000, 2) + "-c:a mp2 -f mp2")));
  }

  TEST_CASE("sound: Opus and AAC with more channels are heard as they were") {
    if (!test::have_encoder("libopus")) return;
    for (const char *codec : {"-c:a libopus -ac 2 ", "-c:a aac -ac 6 "}) {
      const auto source = test::encode(pool, tone(48'000, 1) + codec);
      std::vector<SoundFrame> frames;
      for (const media::Frame &frame : source.frames)
        frames.push_back({frame.dts, 0, std::string(base::as_text(frame.payload.bytes()))});
      check_tone(*source.tracks.audio, frames);
    }
  }

  TEST_CASE("sound: frames are short, whatever the rate of the input") {
    for (std::uint32_t rate : {0U, 8'000U, 11'025U, 12'000U, 16'000U, 22'050U, 24'000U, 32'000U,
                               44'100U, 48'000U, 96'000U, 12'345U}) {
      const media::Track aac = transcode::aac_track_of(track_of(Codec::L16, rate, 1));
      CAPTURE(rate);
      CHECK(aac.sample_rate >= 32'000);
      CHECK(aac.sample_rate <= 48'000);
      CHECK(aac.codec_string == "mp4a.40.2");
      CHECK(aac.channels == 1);
    }
    CHECK(transcode::aac_track_of(track_of(Codec::L16, 44'100, 6)).channels == 2);
    CHECK(transcode::aac_track_of(track_of(Codec::L16, 44'100, 1)).sample_rate == 44'100);
  }

  TEST_CASE("sound: times are the input's, and times of day go with them") {
    if (!test::have_ffmpeg()) return;
    auto frames = alaw();
    for (SoundFrame &frame : frames) {
      frame.dts += 1h;
      frame.wall_us = 1'000'000 + frame.dts.count() * 100 / 9;
    }
    const Outcome outcome = to_aac(kAlaw, frames);
    REQUIRE(outcome.made.frames.size() > 10);
    Ticks expected = 1h;
    for (const SoundFrame &made : outcome.made.frames) {
      CHECK(made.dts == expected);
      CHECK(std::abs(made.wall_us - 1'000'000 - made.dts.count() * 100 / 9) <= 1);
      expected += 32ms;
    }
  }

  TEST_CASE("sound: what is kept back for the next frames is less than a tenth of a second") {
    if (!test::have_ffmpeg()) return;
    auto transcoder = SoundTranscoder::open(kAlaw, {});
    REQUIRE(transcoder);
    Ticks worst{0};
    Ticks heard{0};
    for (const SoundFrame &frame : alaw()) {
      const auto made = (*transcoder)->take({&frame, 1});
      if (!made.frames.empty()) heard = made.frames.back().dts + 32ms;
      worst = std::max(worst, frame.dts + 20ms - heard);
    }
    MESSAGE("kept back at most: " << worst.count() / 90 << " ms");
    CHECK(worst < Ticks(100ms));
  }

  TEST_CASE("sound: lost packets are a gap of silence; after a long one sound begins anew") {
    if (!test::have_ffmpeg()) return;
    auto frames = alaw();
    frames.erase(frames.begin() + 20, frames.begin() + 30);  // 200 ms
    for (std::size_t i = 60; i < frames.size(); ++i)
      frames[i].dts += 5min;
    const Outcome outcome = to_aac(kAlaw, frames);
    Ticks before = outcome.made.frames.front().dts - 32ms;
    int jumps = 0;
    for (const SoundFrame &made : outcome.made.frames) {
      CHECK(made.dts > before);
      if (made.dts - before > 40ms) {
        ++jumps;
        CHECK(made.dts == frames[60].dts);
      }
      before = made.dts;
    }
    CHECK(jumps == 1);
    CHECK(before >= frames.back().dts - 100ms);
    CHECK(decoded(outcome).size() > 0);
  }

  TEST_CASE("sound: what cannot be decoded is counted, and the rest goes on") {
    if (!test::have_encoder("libmp3lame")) return;
    auto frames =
        cut_mpeg(raw(tone(44'100, 1) + "-c:a libmp3lame -write_xing 0 -id3v2_version 0 -f mp3"));
    frames[10].payload = "this is no frame of anything";
    frames[20].payload.clear();
    frames[30].payload.assign(transcode::kMaxSoundFrame + 1, '\xff');
    const Outcome outcome = to_aac(track_of(Codec::MP3, 44'100, 1), frames);
    CHECK(outcome.made.refused >= 2);
    CHECK(outcome.made.frames.back().dts >= frames.back().dts - 150ms);
  }

  TEST_CASE("sound: a frame that claims to be long gives a second at most") {
    const std::vector<SoundFrame> frames = {{0ms, 0, std::string(60'000, '\x55')}};
    const Outcome outcome = to_aac(kAlaw, frames);
    CHECK(outcome.made.length <= Ticks(1s));
  }

  TEST_CASE("sound: tracks that are nonsense are refused") {
    CHECK_FALSE(SoundTranscoder::open({.codec = Codec::H264}, {}));
    CHECK_FALSE(SoundTranscoder::open({.codec = Codec::Opus, .config = "OpusHead"}, {}));
    const std::string large((1U << 20) + 1, 'x');
    CHECK_FALSE(SoundTranscoder::open({.codec = Codec::AAC, .config = large}, {}));
    CHECK_FALSE(transcode::can_decode_sound(Codec::H264));
    CHECK(transcode::can_decode_sound(Codec::G726));
  }
}
