// SPDX-License-Identifier: Apache-2.0
// Every depacketizer with valid packets that are cut anywhere or changed in any byte. What comes
// out may be anything that is well-formed; the sanitizers watch the rest.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "support/rtp_rig.h"

using namespace sluice;
using test::RtpRig;
using test::unhex;

namespace {

struct Stream {
  std::string encoding;
  std::uint32_t rate;
  std::string parameters;
  std::vector<std::string> packets;
};

const std::string kAvcSets = "sprop-parameter-sets=Z2QAKKzZQHgCJ+XARAAAAwAEAAADAMg8YMZY,aOvjyyLA";

std::vector<Stream> video_streams() {
  const std::string sps = unhex("67640028acd940780227e5c044000003000400000300c83c60c658");
  const std::string pps = unhex("68ebe3cb22c0");
  const std::string vps5 = unhex("40010c01ffff016000000300900000030000030078959809");
  const std::string sps5 =
      unhex("420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000c84");
  const std::string pps5 = unhex("4401c172b46240");
  return {
      {"H264", 90'000, "", {sps, pps, unhex("658884") + "idr", unhex("419a84") + "p"}},
      {"H264",
       90'000,
       kAvcSets,
       {unhex("78 0008 0605041122334480 0006 658884112233"), unhex("79 0007 0006 419a84112233"),
        unhex("7a 0007 0006 010203 419a84112233 0006 010203 419a84112233"),
        unhex("7b 0007 0006 01020304 419a84112233"), unhex("7c858884") + "start",
        unhex("7c05") + "middle", unhex("7c45") + "end", unhex("7d810007 9a84") + "start",
        unhex("7c41") + "end"}},
      {"H264",
       90'000,
       "",
       {unhex("00000001") + sps + unhex("000001") + pps + unhex("00000001 658884 1122 000001 0611"),
        unhex("7c850000000167640028"), unhex("7c450000010000")}},
      {"H265", 90'000, "", {vps5, sps5, pps5, unhex("2601af") + "idr", unhex("0201df") + "p"}},
      {"H265",
       90'000,
       "",
       {unhex("6001 0018") + vps5 + unhex("002a") + sps5 + unhex("0007") + pps5,
        unhex("6001 0008 4e01051122334480 0006 2601af112233"), unhex("620193af") + "start",
        unhex("620113") + "middle", unhex("620153") + "end", unhex("6401") + "paci"}},
      {"H265",
       90'000,
       "sprop-max-don-diff=1",
       {unhex("4001 0001") + vps5.substr(2), unhex("4201 0002") + sps5.substr(2),
        unhex("4401 0003") + pps5.substr(2),
        unhex("6001 0004 0008 4e01051122334480 00 0006 2601af112233"),
        unhex("620193 0005 af") + "start", unhex("620153") + "end"}},
      {"JPEG",
       90'000,
       "",
       {unhex("00000000 01 ff 281e 00000080") + std::string(128, 'q') + "scan",
        unhex("00000004 01 ff 281e") + "more", unhex("00000000 01 32 281e") + "scan",
        unhex("00000000 41 32 281e 0004ffff") + "scan", unhex("00000004 41 32 281e 0004ffff x")}},
  };
}

std::vector<Stream> audio_streams() {
  const std::string aac = "config=1210;sizelength=13;indexlength=3;indexdeltalength=3";
  const std::string adts = unhex("fff150800160fc") + "unit";
  const std::string frame = unhex("fffb9064") + std::string(413, 'm');
  return {
      {"MPEG4-GENERIC",
       44'100,
       aac,
       {unhex("0020 0018 0020") + "oneTwo!", unhex("0010 0030") + "abc", unhex("0010 0030") + "def",
        unhex("0000") + "unit", unhex("0010 0058") + adts, adts + adts}},
      {"MPEG4-GENERIC",
       44'100,
       "config=1210;sizelength=6;indexlength=2;indexdeltalength=2",
       {unhex("0008 0c") + "one", unhex("0020 0018 0020") + "oneTwo!"}},
      {"MPEG4-GENERIC", 44'100, "", {unhex("0010 0018") + "one", adts}},
      {"MP4A-LATM",
       44'100,
       "cpresent=0;config=400024203fc0",
       {unhex("04") + "unit", unhex("ff03") + std::string(100, 'x'), std::string(158, 'x')}},
      {"MP4A-LATM", 44'100, "", {unhex("200012101fe023ab734ba0"), unhex("823ab734ba00")}},
      {"MPA",
       90'000,
       "",
       {unhex("00000000") + frame, unhex("00000000") + frame.substr(0, 200),
        unhex("000000c8") + frame.substr(200)}},
      {"PCMU", 8'000, "", {"uuuu", "uuuu"}},
      {"L16", 44'100, "", {"abcd", "efgh"}},
      {"PCM", 8'000, "", {"abcd", "efgh"}},
      {"G726-32", 8'000, "", {"abcd", "efgh"}},
      {"OPUS", 48'000, "", {"\xfc-frame", "\xfc-frame"}},
  };
}

// All packets of a stream; memory of exactly their size shows what reads beyond it.
void play(const Stream &stream, const std::vector<std::string> &packets) {
  for (unsigned way = 0; way < 4; ++way) {
    RtpRig rig({.payload_type = 96,
                .encoding = stream.encoding,
                .clock_rate = stream.rate,
                .parameters = stream.parameters},
               {.damaged = (way & 1) != 0 ? mux::DamagedPictures::Pass : mux::DamagedPictures::Drop,
                .max_frame_bytes = 4096});
    std::uint32_t timestamp = 0;
    for (const std::string &packet : packets) {
      const std::vector<char> exact(packet.begin(), packet.end());
      // One picture of all, or one of each.
      const bool apart = (way & 2) != 0;
      rig.push({exact.data(), exact.size()}, timestamp, apart);
      if (apart) timestamp += 3600;
    }
    rig.flush();
    for (const test::RtpFrame &frame : rig.frames) {
      REQUIRE(!frame.payload.empty());
      REQUIRE(frame.payload.size() <= 4096);
    }
    REQUIRE(rig.tracks.size() <= packets.size() + 1);
    rig.depacketizer.reset();
    REQUIRE(rig.pool.bytes_in_use() == 0);
  }
}

void cut_everywhere(const Stream &stream) {
  std::vector<std::string> packets = stream.packets;
  for (std::string &packet : packets) {
    const std::string whole = packet;
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      packet = whole.substr(0, size);
      play(stream, packets);
    }
    packet = whole;
  }
}

void lie_everywhere(const Stream &stream) {
  constexpr std::size_t kHeads = 48;  // lengths are at the beginning
  std::vector<std::string> packets = stream.packets;
  for (std::string &packet : packets) {
    const std::string whole = packet;
    for (std::size_t at = 0; at < std::min(whole.size(), kHeads); ++at) {
      for (const char lie : {'\x00', '\x01', '\x7f', '\x80', '\xff'}) {
        packet[at] = lie;
        play(stream, packets);
      }
      packet = whole;
    }
  }
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("rtp cuts: the packets that are cut here are valid ones") {
    for (const auto &streams : {video_streams(), audio_streams()}) {
      for (const Stream &stream : streams) {
        CAPTURE(stream.encoding);
        CAPTURE(stream.parameters);
        RtpRig rig({.encoding = stream.encoding,
                    .clock_rate = stream.rate,
                    .parameters = stream.parameters});
        for (const std::string &packet : stream.packets)
          rig.push(packet, 0, &packet == &stream.packets.back());
        rig.flush();
        CHECK(!rig.frames.empty());
      }
    }
  }

  TEST_CASE("rtp cuts: video that is cut anywhere, or lies, is no danger") {
    for (const Stream &stream : video_streams()) {
      cut_everywhere(stream);
      lie_everywhere(stream);
    }
  }

  TEST_CASE("rtp cuts: sound that is cut anywhere, or lies, is no danger") {
    for (const Stream &stream : audio_streams()) {
      cut_everywhere(stream);
      lie_everywhere(stream);
    }
  }

  TEST_CASE("rtp cuts: all payloads of one or two bytes") {
    for (const auto &streams : {video_streams(), audio_streams()}) {
      for (const Stream &stream : streams) {
        std::vector<std::string> packets;
        for (unsigned i = 0; i < 0x1'0000; i += 37) {
          packets.push_back({static_cast<char>(i >> 8)});
          packets.push_back({static_cast<char>(i >> 8), static_cast<char>(i)});
        }
        play(stream, packets);
      }
    }
  }
}
