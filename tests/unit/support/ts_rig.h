// SPDX-License-Identifier: Apache-2.0
// A reader of MPEG-TS that knows nothing of the writer: packets, and the PES in them.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mux/ts_writer.h"

namespace sluice::test {

struct TsPacket {
  std::uint16_t pid = 0;
  bool start = false;
  std::uint8_t counter = 0;
  bool discontinuity = false;
  bool random_access = false;
  std::optional<std::uint64_t> pcr;
  std::string payload;
};

inline TsPacket read_packet(std::string_view bytes) {
  base::ByteReader in(base::as_bytes(bytes));
  TsPacket packet;
  REQUIRE(in.u8() == 0x47);
  const std::uint16_t pid = in.u16();
  packet.pid = pid & 0x1fff;
  packet.start = (pid & 0x4000) != 0;
  REQUIRE((pid & 0xa000) == 0);
  const std::uint8_t control = in.u8();
  packet.counter = control & 15;
  REQUIRE((control & 0xd0) == 0x10);  // not scrambled, with payload
  if ((control & 0x20) != 0) {
    base::ByteReader field(in.take(in.u8()));
    REQUIRE(in.ok());
    const unsigned flags = field.left() > 0 ? field.u8() : 0;
    REQUIRE((flags & ~0xd0U) == 0);
    packet.discontinuity = (flags & 0x80) != 0;
    packet.random_access = (flags & 0x40) != 0;
    if ((flags & 0x10) != 0) {
      const std::uint64_t base = field.u32();
      const std::uint64_t low = field.u16();
      packet.pcr = base << 1 | low >> 15;
      REQUIRE((low & 0x7fff) == 0x7e00);  // reserved bits; no extension
      REQUIRE(field.ok());
    }
    while (field.left() > 0)
      REQUIRE(field.u8() == 0xff);
  }
  packet.payload = base::as_text(in.rest());
  REQUIRE(!packet.payload.empty());
  return packet;
}

struct TsPes {
  std::uint16_t pid = 0;
  std::uint8_t stream_id = 0;
  std::uint16_t length = 0;
  std::uint64_t pts = 0;
  std::uint64_t dts = 0;
  TsPacket first;
  std::size_t packets = 0;
  std::string payload;
};

// Holds everything that it reads against the rules of continuity.
class TsFile {
 public:
  void read(std::string_view bytes) {
    REQUIRE(bytes.size() % 188 == 0);
    for (std::size_t at = 0; at < bytes.size(); at += 188)
      on_packet(read_packet(bytes.substr(at, 188)));
    for (TsPes &one : pes_of_unit_)
      finish(one);
    pes_of_unit_.clear();
  }

  std::vector<TsPacket> packets;
  std::vector<TsPes> pes;
  std::string pat;  // the sections as they came last, with their check sums
  std::string pmt;

  [[nodiscard]] std::vector<TsPes> of(std::uint16_t pid) const {
    std::vector<TsPes> out;
    for (const TsPes &one : pes) {
      if (one.pid == pid) out.push_back(one);
    }
    return out;
  }

 private:
  void on_packet(TsPacket packet) {
    const auto before = counters_.find(packet.pid);
    if (before != counters_.end()) CHECK(packet.counter == (before->second + 1) % 16);
    counters_[packet.pid] = packet.counter;
    if (packet.pid == 0 || packet.pid == 0x1000) {
      on_section(packet);
      packets.push_back(std::move(packet));
      return;
    }
    if (packet.start) {
      pes_of_unit_.push_back({.pid = packet.pid, .first = packet});
    } else {
      REQUIRE(!pes_of_unit_.empty());
      REQUIRE(pes_of_unit_.back().pid == packet.pid);
    }
    pes_of_unit_.back().payload += packet.payload;
    ++pes_of_unit_.back().packets;
    packets.push_back(std::move(packet));
  }

  void on_section(const TsPacket &packet) {
    REQUIRE(packet.start);
    base::ByteReader in(base::as_bytes(packet.payload));
    REQUIRE(in.u8() == 0);
    std::string &section = packet.pid == 0 ? pat : pmt;
    section = base::as_text(in.rest());
    const std::size_t size = 3 + ((static_cast<unsigned char>(section[1]) & 15U) << 8 |
                                  static_cast<unsigned char>(section[2]));
    REQUIRE(size <= section.size());
    CHECK(section.find_first_not_of('\xff', size) == std::string::npos);
    section.resize(size);
    CHECK(mux::ts_crc32(base::as_bytes(section)) == 0);
  }

  static std::uint64_t read_time(base::ByteReader &in, unsigned prefix) {
    const std::uint64_t high = in.u8();
    const std::uint64_t middle = in.u16();
    const std::uint64_t low = in.u16();
    CHECK((high >> 4) == prefix);
    CHECK((high & middle & low & 1U) == 1U);
    return (high >> 1 & 7) << 30 | middle >> 1 << 15 | low >> 1;
  }

  void finish(TsPes &out) {
    base::ByteReader in(base::as_bytes(out.payload));
    REQUIRE(in.u24() == 1);
    out.stream_id = in.u8();
    out.length = in.u16();
    if (out.length != 0) CHECK(out.length == in.left());
    CHECK(in.u8() == 0x84);
    const unsigned times = in.u8();
    base::ByteReader header(in.take(in.u8()));
    REQUIRE((times == 0x80 || times == 0xc0));
    out.dts = out.pts = read_time(header, times == 0xc0 ? 3 : 2);
    if (times == 0xc0) out.dts = read_time(header, 1);
    CHECK(header.ok());
    CHECK(header.left() == 0);
    out.payload = base::as_text(in.rest());
    pes.push_back(std::move(out));
  }

  std::vector<TsPes> pes_of_unit_;
  std::map<std::uint16_t, std::uint8_t> counters_;
};

// The unit under way.
inline std::string take_unit(mux::TsWriter &writer) {
  std::string out(writer.prepare(), '\xee');
  writer.write({reinterpret_cast<std::byte *>(out.data()), out.size()});
  return out;
}

}  // namespace sluice::test
