// SPDX-License-Identifier: Apache-2.0
#include "mux/fmp4_writer.h"

#include <doctest/doctest.h>

#include <limits>

#include "support/flv_rig.h"
#include "support/fmp4_rig.h"

using namespace sluice;
using namespace std::chrono_literals;
using media::Codec;
using media::Frame;
using media::Ticks;
using mux::Fmp4Writer;
using test::box_at;
using test::layout_of;
using test::Mp4File;
using test::take_fragment;
using test::unhex;

namespace {

media::BufferPool pool;

Frame frame(Codec codec, Ticks dts, std::string_view payload, bool key = true) {
  return {.codec = codec, .key = key, .dts = dts, .payload = test::slice_of(pool, payload)};
}

media::Track track(Codec codec, std::string_view hex) {
  return media::describe(codec, base::as_bytes(unhex(hex)));
}
media::Track avc() { return track(Codec::H264, test::kAvc1080); }
media::Track aac() { return track(Codec::AAC, "1190"); }  // 48 kHz, stereo
media::Track opus(std::string_view rest = "01 02 3801 80bb0000 0000 00") {
  const std::string head = "OpusHead" + unhex(rest);
  return media::describe(Codec::Opus, base::as_bytes(head));
}

struct Rig {
  explicit Rig(media::TrackSet tracks) {
    writer.configure(std::move(tracks));
    file.read(writer.init());
  }
  // Closes the fragment under way, and reads it.
  std::string close() {
    std::string fragment = take_fragment(writer);
    file.read(fragment);
    return fragment;
  }

  Fmp4Writer writer;
  Mp4File file;
};

Rig both() { return Rig({.video = avc(), .audio = aac()}); }
Rig only_audio() { return Rig({.audio = aac()}); }

std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  base::ByteReader in(base::as_bytes(bytes));
  in.skip(at);
  return in.u32();
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("fmp4 writer: the init segment has a trak for each track and no samples") {
    Rig rig = both();
    const std::string init = rig.writer.init();
    const std::string trak = "trak(tkhd mdia(mdhd hdlr minf(";
    const std::string tables = " dinf stbl(stsd stts stsc stsz stco))))";
    CHECK(layout_of(init) == "ftyp moov(mvhd " + trak + "vmhd" + tables + " " + trak + "smhd" +
                                 tables + " mvex(trex trex))");
    REQUIRE(rig.file.tracks.size() == 2);
    CHECK(rig.file.tracks.at(mux::kFmp4VideoTrack).scale == 90'000);
    CHECK(rig.file.tracks.at(mux::kFmp4VideoTrack).track == avc());
    CHECK(rig.file.tracks.at(mux::kFmp4AudioTrack).scale == 48'000);
    CHECK(rig.file.tracks.at(mux::kFmp4AudioTrack).track == aac());
  }

  TEST_CASE("fmp4 writer: decoders are told their configuration in the box of their codec") {
    const media::Track mp3 = [] {
      media::Track known = media::describe(Codec::MP3, {});
      known.sample_rate = 44'100;
      known.channels = 2;
      return known;
    }();
    for (const media::Track &one :
         {track(Codec::H265, test::kHevc1080), track(Codec::AV1, test::kAv1), opus(), mp3}) {
      CAPTURE(media::codec_name(one.codec));
      REQUIRE(mux::fmp4_can_carry(one));
      media::TrackSet tracks;
      tracks.of(media::kind_of(one.codec)) = one;
      Rig rig(tracks);
      REQUIRE(rig.file.tracks.size() == 1);
      CHECK(rig.file.tracks.begin()->second.track.config == one.config);
      CHECK(rig.file.tracks.begin()->second.track.codec == one.codec);
    }
  }

  TEST_CASE("fmp4 writer: what is known to be wrong in a record is put right") {
    // Profile and level are zero beside the parameter set.
    std::string record = unhex(test::kAvc1080);
    record.replace(1, 3, 3, '\0');
    Rig h264({.video = media::describe(Codec::H264, base::as_bytes(record))});
    CHECK(h264.file.tracks.at(1).track.config == unhex(test::kAvc1080));
    // An early version, and sets that are said not to be all of them.
    record = unhex(test::kHevc1080);
    record[0] = 0;
    record[23] &= 0x7f;
    Rig h265({.video = media::describe(Codec::H265, base::as_bytes(record))});
    CHECK(h265.file.tracks.at(1).track.config == unhex(test::kHevc1080));
  }

  TEST_CASE("fmp4 writer: what has no place in fMP4 is left out") {
    CHECK(!mux::fmp4_can_carry(track(Codec::H264, "")));
    CHECK(!mux::fmp4_can_carry(track(Codec::H264, "01640028ffe0 00")));  // no parameter set
    CHECK(!mux::fmp4_can_carry(track(Codec::H265, "01")));
    CHECK(!mux::fmp4_can_carry(track(Codec::AV1, "")));
    CHECK(!mux::fmp4_can_carry(track(Codec::AAC, "")));
    CHECK(!mux::fmp4_can_carry(track(Codec::Opus, "")));
    CHECK(!mux::fmp4_can_carry(opus("01 00 3801 80bb0000 0000 00")));     // no channels
    CHECK(!mux::fmp4_can_carry(opus("01 03 3801 80bb0000 0000 00")));     // three without a mapping
    CHECK(!mux::fmp4_can_carry(opus("01 03 3801 80bb0000 0000 01 01")));  // half a mapping
    CHECK(!mux::fmp4_can_carry(media::describe(Codec::MP3, {})));         // at which rate?
    CHECK(!mux::fmp4_can_carry(media::describe(Codec::PCMA, {})));
    std::string large = unhex(test::kAvc1080);
    large.resize(1 << 20);
    CHECK(!mux::fmp4_can_carry(media::describe(Codec::H264, base::as_bytes(large))));

    const media::TrackSet left =
        mux::fmp4_tracks({.video = avc(), .audio = media::describe(Codec::PCMU, {})});
    CHECK(left.video == avc());
    CHECK(!left.audio);
  }

  TEST_CASE("fmp4 writer: the MIME type names the codecs") {
    CHECK(mux::fmp4_mime({.video = avc(), .audio = aac()}) ==
          "video/mp4; codecs=\"avc1.640028,mp4a.40.2\"");
    CHECK(mux::fmp4_mime({.audio = opus()}) == "audio/mp4; codecs=\"opus\"");
    CHECK(mux::fmp4_mime({.audio = media::describe(Codec::MP3, {})}) ==
          "audio/mp4; codecs=\"mp4a.6B\"");
    CHECK(mux::fmp4_mime({.video = media::Track{}}) == "video/mp4");
  }

  TEST_CASE("fmp4 writer: sizes that are too large for their fields are clipped") {
    media::Track huge = avc();
    huge.width = 70'000;
    huge.height = 0xffff'ffff;
    Rig rig({.video = huge});
    const std::string init = rig.writer.init();
    const std::string_view tkhd = box_at(init, "moov/trak/tkhd");
    CHECK(u32_at(tkhd, tkhd.size() - 8) == 0xffff'0000);
    CHECK(u32_at(tkhd, tkhd.size() - 4) == 0xffff'0000);
  }

  TEST_CASE("fmp4 writer: a fragment has the video frame and the audio since the last") {
    Rig rig = both();
    rig.writer.add(frame(Codec::AAC, 0ms, "first"));
    rig.writer.add(frame(Codec::AAC, 21ms, "second"));
    CHECK(!rig.writer.full());
    rig.writer.add(frame(Codec::H264, 30ms, "picture"));
    CHECK(rig.writer.full());
    const std::string fragment = rig.close();
    CHECK(rig.writer.empty());
    CHECK(layout_of(fragment) == "moof(mfhd traf(tfhd tfdt trun) traf(tfhd tfdt trun)) mdat");
    CHECK(box_at(fragment, "mdat") == "picturefirstsecond");
    CHECK(box_at(fragment, "moof").size() == 168);
    const auto &samples = rig.file.samples;
    REQUIRE(samples.size() == 3);
    CHECK(samples[0].payload == "picture");
    CHECK(samples[0].time == 2'700);
    CHECK(samples[0].duration == 3'600);
    CHECK(samples[0].key);
    CHECK(samples[1].payload == "first");
    CHECK(samples[1].time == 0);
    CHECK(samples[1].duration == 1'024);
    CHECK(samples[1].key);
    CHECK(samples[2].payload == "second");
    CHECK(samples[2].time == 1'024);
  }

  TEST_CASE("fmp4 writer: fragments are numbered from 1, dropped ones are not") {
    Rig rig = both();
    for (Ticks at : {0ms, 40ms, 80ms}) {
      rig.writer.add(frame(Codec::H264, at, "x"));
      if (at == 40ms) {
        rig.writer.drop();
        CHECK(rig.writer.empty());
        continue;
      }
      rig.close();
    }
    CHECK(rig.file.sequence == std::vector<std::uint32_t>{1, 2});
  }

  TEST_CASE("fmp4 writer: preparing twice makes the same fragment") {
    Rig rig = both();
    rig.writer.add(frame(Codec::AAC, 5ms, "sound"));
    rig.writer.add(frame(Codec::H264, 30ms, "picture"));
    CHECK(rig.writer.prepare() == rig.writer.prepare());
    rig.close();
    CHECK(rig.file.samples[1].time == 240);
    CHECK(rig.file.sequence == std::vector<std::uint32_t>{1});
  }

  TEST_CASE("fmp4 writer: a composition offset is written where there is one, with its sign") {
    Rig rig = both();
    std::size_t plain = 0;
    for (std::int64_t ms : {0, 80, -40}) {
      Frame one = frame(Codec::H264, 1s, "x", false);
      one.composition_offset = std::chrono::milliseconds(ms);
      rig.writer.add(one);
      const std::size_t size = rig.close().size();
      if (ms == 0) plain = size;
      CHECK(size == plain + (ms == 0 ? 0 : 4));
      CHECK(rig.file.samples.back().composition == ms * 90);
      CHECK(!rig.file.samples.back().key);
    }
  }

  TEST_CASE("fmp4 writer: a fragment is where and when its video frame is") {
    Rig rig = both();
    Frame sound = frame(Codec::AAC, 10ms, "sound");
    sound.wall_us = 5;
    rig.writer.add(sound);
    CHECK(rig.writer.dts() == 10ms);
    CHECK(rig.writer.wall_us() == 5);
    CHECK(!rig.writer.key());  // nobody can start without a picture
    Frame picture = frame(Codec::H264, 30ms, "picture");
    picture.wall_us = 7;
    rig.writer.add(picture);
    CHECK(rig.writer.dts() == 30ms);
    CHECK(rig.writer.wall_us() == 7);
    CHECK(rig.writer.key());
    rig.writer.drop();
    rig.writer.add(frame(Codec::H264, 70ms, "picture", false));
    CHECK(!rig.writer.key());
  }

  TEST_CASE("fmp4 writer: everything is a key where there is no video") {
    Rig rig = only_audio();
    rig.writer.add(frame(Codec::AAC, 10ms, "sound"));
    CHECK(rig.writer.key());
    CHECK(rig.writer.dts() == 10ms);
    CHECK(layout_of(rig.close()) == "moof(mfhd traf(tfhd tfdt trun)) mdat");
  }

  TEST_CASE("fmp4 writer: audio alone fills a fragment at last") {
    Rig rig = only_audio();
    std::size_t frames = 0;
    for (; !rig.writer.full(); ++frames)
      rig.writer.add(frame(Codec::AAC, frames * Ticks(1'920), "sound"));
    CHECK(frames == Fmp4Writer::kMaxAudioFrames);
    rig.close();
    CHECK(rig.file.samples.size() == frames);

    const std::string much(Fmp4Writer::kMaxAudioBytes / 2, 'x');
    for (frames = 0; !rig.writer.full(); ++frames)
      rig.writer.add(frame(Codec::AAC, 10s, much));
    CHECK(frames == 2);
  }

  TEST_CASE("fmp4 writer: a gap in the audio is closed by the frame after it, which comes early") {
    Rig rig = both();
    for (Ticks at : {0ms, 21ms, 107ms, 128ms})
      rig.writer.add(frame(Codec::AAC, at, "s"));
    rig.close();
    const auto &samples = rig.file.samples;
    REQUIRE(samples.size() == 4);
    CHECK(samples[1].duration == 1'024);
    CHECK(samples[2].time == 2 * 1'024);
    CHECK(samples[2].duration == 4 * 1'024);
    CHECK(samples[3].time == 6 * 1'024);
  }

  TEST_CASE("fmp4 writer: a late picture is decoded early and shown at its time") {
    Rig rig = both();
    for (Ticks at : {0ms, 40ms, 80ms, 280ms, 320ms}) {
      Frame one = frame(Codec::H264, at, "v");
      one.composition_offset = 40ms;
      rig.writer.add(one);
      CHECK(rig.writer.dts() == at);
      rig.close();
      const test::Mp4Sample &sample = rig.file.samples.back();
      CHECK(static_cast<std::int64_t>(sample.time) + sample.composition ==
            Ticks(at + 40ms).count());
    }
    CHECK(rig.file.samples[2].composition == 3'600);
    CHECK(rig.file.samples[3].time == 120 * 90);
    CHECK(rig.file.samples[4].time == 320 * 90);
  }

  TEST_CASE("fmp4 writer: audio is without gap and overlap over fragments, whatever their cut") {
    Rig rig = both();
    std::int64_t audio = 0;
    for (std::int64_t ms = 0; ms < 20'000; ms += 33 + ms % 2) {
      for (; audio * 1'024 / 48 <= ms; ++audio)
        rig.writer.add(frame(Codec::AAC, std::chrono::milliseconds(audio * 1'024 / 48), "s"));
      rig.writer.add(frame(Codec::H264, std::chrono::milliseconds(ms), "v", ms % 1'000 == 0));
      rig.close();
    }
    std::uint64_t next = 0;
    for (const test::Mp4Sample &sample : rig.file.of(mux::kFmp4AudioTrack)) {
      REQUIRE(sample.time == next);
      REQUIRE(sample.duration == 1'024);
      next += 1'024;
    }
    CHECK(next > 19 * 48'000);
  }

  TEST_CASE("fmp4 writer: the audio's clock goes on when only the video changes") {
    Rig rig = both();
    rig.writer.add(frame(Codec::AAC, 0ms, "s"));
    rig.close();
    rig.writer.configure({.video = track(Codec::H264, test::kAvcBaseline), .audio = aac()});
    rig.writer.add(frame(Codec::AAC, 30ms, "s"));
    rig.close();
    CHECK(rig.file.samples.back().time == 1'024);
    // Another track has another clock.
    rig.writer.configure({.audio = opus()});
    rig.file.read(rig.writer.init());
    rig.writer.add(frame(Codec::Opus, 50ms, "\xf8"));
    rig.close();
    CHECK(rig.file.samples.back().time == 2'400);
    CHECK(rig.file.samples.back().duration == 960);
  }

  TEST_CASE("fmp4 writer: a new configuration drops what was added before it") {
    Rig rig = both();
    rig.writer.add(frame(Codec::AAC, 0ms, "s"));
    rig.writer.configure({.audio = aac()});
    CHECK(rig.writer.empty());
  }

  TEST_CASE("fmp4 writer: frames that have no place are not added") {
    Rig rig = only_audio();
    rig.writer.add(frame(Codec::H264, 0ms, "x"));
    rig.writer.add(frame(Codec::Opus, 0ms, "x"));
    rig.writer.add(frame(Codec::AAC, 0ms, ""));
    Frame gigabytes = frame(Codec::AAC, 0ms, "x");
    gigabytes.payload.size = std::numeric_limits<std::uint32_t>::max();
    rig.writer.add(gigabytes);
    CHECK(rig.writer.empty());
    CHECK(rig.writer.dts() == 0ms);
    CHECK(rig.writer.wall_us() == 0);
  }

  TEST_CASE("fmp4 writer: times of any size are written in 64 bits") {
    Rig rig = both();
    rig.writer.add(frame(Codec::AAC, 50'000'000s, "s"));
    rig.writer.add(frame(Codec::H264, 50'000'000s, "v"));
    rig.close();
    CHECK(rig.file.samples[0].time == 4'500'000'000'000);
    CHECK(rig.file.samples[1].time == 2'400'000'000'000);
    Frame extreme = frame(Codec::H264, Ticks::max(), "v");
    extreme.composition_offset = Ticks::min();
    rig.writer.add(extreme);
    rig.close();
    CHECK(rig.file.samples.back().composition == -(1 << 30));
    rig.writer.add(frame(Codec::H264, Ticks::min(), "v"));
    rig.close();
    CHECK(rig.file.samples.back().time == 0);
  }
}
