// SPDX-License-Identifier: Apache-2.0
#include "mux/fmp4_init.h"

#include <algorithm>
#include <array>

#include "mux/fmp4_box.h"
#include "mux/fmp4_clock.h"
#include "mux/fmp4_sample_entry.h"
#include "mux/fmp4_writer.h"

namespace sluice::mux {

namespace {

using media::Track;

constexpr std::uint16_t kUndetermined = 0x55c4;  // language "und"

bool is_video(const Track &track) { return media::kind_of(track.codec) == media::Kind::Video; }

void append_unity_matrix(base::ByteWriter &out) {
  for (std::uint32_t value : {0x1'0000U, 0U, 0U, 0U, 0x1'0000U, 0U, 0U, 0U, 0x4000'0000U})
    out.u32(value);
}

void append_ftyp(std::string &out) {
  const Box box(out, "ftyp");
  base::ByteWriter writer(out);
  writer.text("iso6");
  writer.u32(0);
  writer.text("iso6cmfcmp41");
}

void append_mvhd(std::string &out) {
  const Box box(out, "mvhd", 0, 0);
  base::ByteWriter writer(out);
  writer.u32(0);  // created
  writer.u32(0);  // modified
  writer.u32(1'000);
  writer.u32(0);            // duration: of the fragments to come
  writer.u32(0x0001'0000);  // rate
  writer.u16(0x0100);       // volume
  writer.u16(0);
  writer.u64(0);
  append_unity_matrix(writer);
  out.append(24, '\0');
  writer.u32(std::max(kFmp4VideoTrack, kFmp4AudioTrack) + 1);
}

void append_tkhd(std::string &out, const Track &track) {
  constexpr std::uint32_t kEnabledInMovie = 3;
  const Box box(out, "tkhd", 0, kEnabledInMovie);
  base::ByteWriter writer(out);
  writer.u32(0);  // created
  writer.u32(0);  // modified
  writer.u32(fmp4_track_id(track));
  writer.u32(0);
  writer.u32(0);  // duration
  writer.u64(0);
  writer.u16(0);  // layer
  writer.u16(0);  // alternate group
  writer.u16(is_video(track) ? 0 : 0x0100);
  writer.u16(0);
  append_unity_matrix(writer);
  const auto side = [&](std::uint32_t pixels) {
    return is_video(track) ? std::min<std::uint32_t>(pixels, 0xffff) << 16 : 0;
  };
  writer.u32(side(track.width));
  writer.u32(side(track.height));
}

void append_mdhd(std::string &out, const Track &track) {
  const Box box(out, "mdhd", 0, 0);
  base::ByteWriter writer(out);
  writer.u32(0);  // created
  writer.u32(0);  // modified
  writer.u32(is_video(track) ? kFmp4VideoScale : AudioScale::of(track).scale);
  writer.u32(0);  // duration
  writer.u16(kUndetermined);
  writer.u16(0);
}

void append_hdlr(std::string &out, const Track &track) {
  const Box box(out, "hdlr", 0, 0);
  base::ByteWriter writer(out);
  writer.u32(0);
  writer.text(is_video(track) ? "vide" : "soun");
  out.append(12, '\0');
  writer.text(is_video(track) ? "video" : "audio");
  writer.u8(0);
}

// One reference, to this very file.
void append_dinf(std::string &out) {
  const Box dinf(out, "dinf");
  const Box dref(out, "dref", 0, 0);
  base::ByteWriter(out).u32(1);
  const Box url(out, "url ", 0, 1);
}

void append_stbl(std::string &out, const Track &track) {
  const Box stbl(out, "stbl");
  base::ByteWriter writer(out);
  {
    const Box stsd(out, "stsd", 0, 0);
    writer.u32(1);
    append_sample_entry(out, track);
  }
  // No samples are here.
  {
    const Box stts(out, "stts", 0, 0);
    writer.u32(0);
  }
  {
    const Box stsc(out, "stsc", 0, 0);
    writer.u32(0);
  }
  {
    const Box stsz(out, "stsz", 0, 0);
    writer.u64(0);
  }
  const Box stco(out, "stco", 0, 0);
  writer.u32(0);
}

void append_minf(std::string &out, const Track &track) {
  const Box minf(out, "minf");
  if (is_video(track)) {
    const Box vmhd(out, "vmhd", 0, 1);
    base::ByteWriter(out).u64(0);
  } else {
    const Box smhd(out, "smhd", 0, 0);
    base::ByteWriter(out).u32(0);
  }
  append_dinf(out);
  append_stbl(out, track);
}

void append_trak(std::string &out, const Track &track) {
  const Box trak(out, "trak");
  append_tkhd(out, track);
  const Box mdia(out, "mdia");
  append_mdhd(out, track);
  append_hdlr(out, track);
  append_minf(out, track);
}

// Fragments state their own durations and flags, as CMAF wants it.
void append_trex(std::string &out, const Track &track) {
  const Box trex(out, "trex", 0, 0);
  base::ByteWriter writer(out);
  writer.u32(fmp4_track_id(track));
  writer.u32(1);  // sample entry
  writer.u32(0);  // duration
  writer.u32(0);  // size
  writer.u32(is_video(track) ? 0 : kFmp4SyncSample);
}

void append_moov(std::string &out, const media::TrackSet &carried) {
  const Box moov(out, "moov");
  append_mvhd(out);
  const std::array tracks = {&carried.video, &carried.audio};
  for (const auto *track : tracks) {
    if (*track) append_trak(out, **track);
  }
  const Box mvex(out, "mvex");
  for (const auto *track : tracks) {
    if (*track) append_trex(out, **track);
  }
}

}  // namespace

std::string fmp4_init(const media::TrackSet &carried) {
  std::string out;
  append_ftyp(out);
  append_moov(out, carried);
  return out;
}

}  // namespace sluice::mux
