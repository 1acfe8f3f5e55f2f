// SPDX-License-Identifier: Apache-2.0
// A reader of fragmented MP4 that knows nothing of the writer: boxes, tracks and samples.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "media/describe.h"
#include "mux/fmp4_writer.h"

namespace sluice::test {

struct Mp4Box {
  std::string type;
  std::string_view body;  // without size and type
};

// The boxes in the bytes, which they must fill exactly.
inline std::vector<Mp4Box> boxes_of(std::string_view bytes) {
  std::vector<Mp4Box> boxes;
  base::ByteReader in(base::as_bytes(bytes));
  while (in.left() > 0) {
    const std::uint32_t size = in.u32();
    const std::string type(base::as_text(in.take(4)));
    REQUIRE(size >= 8);
    boxes.push_back({type, base::as_text(in.take(size - 8))});
    REQUIRE(in.ok());
  }
  return boxes;
}

// "moof/traf/tfhd": the first one of each; empty when there is none.
inline std::string_view box_at(std::string_view bytes, std::string_view path) {
  const std::string_view type = path.substr(0, path.find('/'));
  for (const Mp4Box &box : boxes_of(bytes)) {
    if (box.type != type) continue;
    return type == path ? box.body : box_at(box.body, path.substr(type.size() + 1));
  }
  return {};
}

inline std::string layout_of(std::string_view bytes) {
  std::string out;
  for (const Mp4Box &box : boxes_of(bytes)) {
    if (!out.empty()) out += ' ';
    out += box.type;
    if (box.type == "moof" || box.type == "traf" || box.type == "moov" || box.type == "mvex" ||
        box.type == "trak" || box.type == "mdia" || box.type == "minf" || box.type == "stbl")
      out += '(' + layout_of(box.body) + ')';
  }
  return out;
}

struct Mp4Sample {
  std::uint32_t track = 0;
  std::uint64_t time = 0;
  std::uint32_t duration = 0;
  std::int32_t composition = 0;
  bool key = false;
  std::string payload;
};

struct Mp4Track {
  media::Track track;
  std::uint32_t scale = 0;
  std::uint32_t default_flags = 0;
};

class Mp4File {
 public:
  // init segment and fragments, or whole files of them.
  void read(std::string_view bytes) {
    std::size_t at = 0;
    std::string_view moof;
    std::size_t moof_at = 0;
    for (const Mp4Box &box : boxes_of(bytes)) {
      if (box.type == "moov") read_moov(box.body);
      if (box.type == "moof") {
        moof = box.body;
        moof_at = at;
      }
      if (box.type == "mdat") {
        // Samples must lie in the mdat that follows.
        const std::string_view fragment = bytes.substr(moof_at, at + 8 + box.body.size() - moof_at);
        read_moof(moof, fragment, at + 8 - moof_at);
      }
      at += 8 + box.body.size();
    }
  }

  std::map<std::uint32_t, Mp4Track> tracks;
  std::vector<Mp4Sample> samples;
  std::vector<std::uint32_t> sequence;

  [[nodiscard]] std::vector<Mp4Sample> of(std::uint32_t track) const {
    std::vector<Mp4Sample> out;
    for (const Mp4Sample &sample : samples) {
      if (sample.track == track) out.push_back(sample);
    }
    return out;
  }

 private:
  static base::ByteReader reader(std::string_view body) {
    return base::ByteReader(base::as_bytes(body));
  }

  void read_moov(std::string_view moov) {
    for (const Mp4Box &box : boxes_of(moov)) {
      if (box.type != "trak") continue;
      base::ByteReader tkhd = reader(box_at(box.body, "tkhd"));
      tkhd.skip(12);
      Mp4Track &track = tracks[tkhd.u32()];
      base::ByteReader mdhd = reader(box_at(box.body, "mdia/mdhd"));
      mdhd.skip(12);
      track.scale = mdhd.u32();
      track.track = read_entry(boxes_of(box_at(box.body, "mdia/minf/stbl/stsd").substr(8)).at(0));
    }
    for (const Mp4Box &box : boxes_of(box_at(moov, "mvex"))) {
      if (box.type != "trex") continue;
      base::ByteReader in = reader(box.body);
      in.skip(4);
      const std::uint32_t id = in.u32();
      in.skip(12);
      tracks.at(id).default_flags = in.u32();
    }
  }

  static media::Track read_entry(const Mp4Box &entry) {
    using media::Codec;
    const bool video = entry.type != "mp4a" && entry.type != "Opus";
    const std::string_view inner = entry.body.substr(video ? 78 : 28);
    const auto track = [&](Codec codec, const char *box) {
      return media::describe(codec, base::as_bytes(box_at(inner, box)));
    };
    if (entry.type == "avc1") return track(Codec::H264, "avcC");
    if (entry.type == "hvc1") return track(Codec::H265, "hvcC");
    if (entry.type == "av01") return track(Codec::AV1, "av1C");
    if (entry.type == "Opus") {
      std::string head = "OpusHead\x01";
      const std::string_view box = box_at(inner, "dOps");
      REQUIRE(box.size() >= 11);
      for (int i : {1, 3, 2, 7, 6, 5, 4, 9, 8, 10})
        head += box[static_cast<std::size_t>(i)];
      head += box.substr(11);
      return media::describe(Codec::Opus, base::as_bytes(head));
    }
    REQUIRE(entry.type == "mp4a");
    return read_esds(box_at(inner, "esds").substr(4), entry.body);
  }

  static media::Track read_esds(std::string_view esds, std::string_view entry) {
    base::ByteReader in = reader(esds);
    const auto descriptor = [&](std::uint8_t tag) {
      REQUIRE(in.u8() == tag);
      while (in.u8() & 0x80U) {
      }
    };
    descriptor(3);
    in.skip(3);
    descriptor(4);
    const unsigned object_type = in.u8();
    in.skip(12);
    if (object_type != 0x40) {
      media::Track track = media::describe(media::Codec::MP3, {});
      base::ByteReader fields = reader(entry);
      fields.skip(16);
      track.channels = fields.u16();
      fields.skip(6);
      track.sample_rate = fields.u16();
      return track;
    }
    REQUIRE(in.u8() == 5);
    std::size_t size = 0;
    for (unsigned byte = 0x80; byte & 0x80U;) {
      byte = in.u8();
      size = size << 7 | (byte & 0x7fU);
    }
    return media::describe(media::Codec::AAC, in.take(size));
  }

  void read_moof(std::string_view moof, std::string_view fragment, std::size_t data_from) {
    for (const Mp4Box &box : boxes_of(moof)) {
      if (box.type == "mfhd") sequence.push_back((reader(box.body.substr(4))).u32());
      if (box.type == "traf") read_traf(box.body, fragment, data_from);
    }
  }

  void read_traf(std::string_view traf, std::string_view fragment, std::size_t data_from) {
    base::ByteReader tfhd = reader(box_at(traf, "tfhd"));
    const std::uint32_t tfhd_flags = tfhd.u32();
    REQUIRE((tfhd_flags & 0x20000) != 0);
    const std::uint32_t id = tfhd.u32();
    const std::uint32_t usual_duration = (tfhd_flags & 0x08) != 0 ? tfhd.u32() : 0;
    const std::uint32_t usual_size = (tfhd_flags & 0x10) != 0 ? tfhd.u32() : 0;
    const std::uint32_t usual_flags =
        (tfhd_flags & 0x20) != 0 ? tfhd.u32() : tracks.at(id).default_flags;
    base::ByteReader tfdt = reader(box_at(traf, "tfdt"));
    REQUIRE(tfdt.u32() == 0x0100'0000);
    std::uint64_t time = tfdt.u64();

    base::ByteReader trun = reader(box_at(traf, "trun"));
    const std::uint32_t flags = trun.u32() & 0xffffff;
    REQUIRE((flags & 1) != 0);
    const std::uint32_t count = trun.u32();
    std::size_t position = trun.u32();
    std::uint32_t first_flags = (flags & 4) != 0 ? trun.u32() : usual_flags;
    for (std::uint32_t i = 0; i < count; ++i) {
      Mp4Sample sample{.track = id, .time = time};
      sample.duration = (flags & 0x100) != 0 ? trun.u32() : usual_duration;
      const std::uint32_t size = (flags & 0x200) != 0 ? trun.u32() : usual_size;
      const std::uint32_t own_flags = (flags & 0x400) != 0 ? trun.u32()
                                      : i == 0             ? first_flags
                                                           : usual_flags;
      sample.key = (own_flags & 0x1'0000) == 0;
      if ((flags & 0x800) != 0) sample.composition = static_cast<std::int32_t>(trun.u32());
      REQUIRE(position >= data_from);
      REQUIRE(position + size <= fragment.size());
      sample.payload = fragment.substr(position, size);
      position += size;
      time += sample.duration;
      samples.push_back(std::move(sample));
    }
    REQUIRE(trun.ok());
    REQUIRE(trun.left() == 0);
  }
};

// The fragment under way.
inline std::string take_fragment(mux::Fmp4Writer &writer) {
  std::string out(writer.prepare(), '\xee');
  writer.write({reinterpret_cast<std::byte *>(out.data()), out.size()});
  return out;
}

}  // namespace sluice::test
