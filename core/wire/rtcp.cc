// SPDX-License-Identifier: Apache-2.0
#include "wire/rtcp.h"

#include <algorithm>

namespace sluice::wire::rtcp {
namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteWriter;
using base::Code;
using base::Domain;
using base::Status;

constexpr std::size_t kHeader = 4;
constexpr std::size_t kMaxBlocks = 31;
constexpr std::size_t kMaxText = 255;
constexpr std::uint8_t kCname = 1;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int64_t kUnixEpochInNtp = 2'208'988'800;
constexpr std::int64_t kNtpEra = std::int64_t{1} << 32;

std::uint8_t u8(std::byte b) { return std::to_integer<std::uint8_t>(b); }

std::unexpected<base::Error> malformed(const char *what) {
  return base::fail(Domain::Wire, Code::Malformed, what);
}

// One packet of a compound.
struct Part {
  std::uint8_t count = 0;  // of blocks, chunks or sources
  std::uint8_t type = 0;
  Bytes body;  // behind the header, without padding
};

base::Result<Part> take_part(Bytes &rest) {
  ByteReader in(rest);
  std::uint8_t first = in.u8();
  Part part{.count = static_cast<std::uint8_t>(first & 0x1fU), .type = in.u8()};
  std::size_t size = 4U * in.u16();
  if (first >> 6 != 2) return malformed("RTCP is not of version 2");
  part.body = in.take(size);
  if (!in.ok()) return malformed("an RTCP packet is longer than what came");
  rest = in.rest();
  if ((first & 0x20U) == 0) return part;
  std::size_t padding = part.body.empty() ? 0 : u8(part.body.back());
  if (padding == 0 || padding > part.body.size()) return malformed("RTCP's padding is too long");
  part.body = part.body.first(part.body.size() - padding);
  return part;
}

std::int32_t signed24(std::uint32_t v) { return static_cast<std::int32_t>(v << 8) >> 8; }

Status read_blocks(const Part &part, std::uint32_t reporter, ByteReader &in, Events &events) {
  for (int i = 0; i < part.count; ++i) {
    ReportBlock block;
    block.ssrc = in.u32();
    block.fraction_lost = in.u8();
    block.total_lost = signed24(in.u24());
    block.highest_sequence = in.u32();
    block.jitter = in.u32();
    block.last_report = in.u32();
    block.delay_since_last = in.u32();
    if (!in.ok()) return malformed("an RTCP report has fewer blocks than it says");
    events.on_report_block(reporter, block);
  }
  return {};
}

Status read_sender_report(const Part &part, Events &events) {
  ByteReader in(part.body);
  SenderReport report;
  report.ssrc = in.u32();
  report.ntp = in.u64();
  report.rtp_timestamp = in.u32();
  report.packets = in.u32();
  report.octets = in.u32();
  if (!in.ok()) return malformed("an RTCP sender report is too short");
  events.on_sender_report(report);
  return read_blocks(part, report.ssrc, in, events);
}

Status read_receiver_report(const Part &part, Events &events) {
  ByteReader in(part.body);
  std::uint32_t reporter = in.u32();
  if (!in.ok()) return malformed("an RTCP receiver report is too short");
  return read_blocks(part, reporter, in, events);
}

// The items of one chunk, to its terminator, or to the packet's end where that is missing.
Status read_items(std::uint32_t ssrc, ByteReader &in, Events &events) {
  while (in.left() > 0) {
    std::uint8_t item = in.u8();
    if (item == 0) break;
    Bytes text = in.take(in.u8());
    if (!in.ok()) return malformed("an RTCP description is longer than its packet");
    if (item == kCname) events.on_source_name(ssrc, base::as_text(text));
  }
  // Chunks begin at multiples of 4 bytes.
  in.skip(std::min<std::size_t>(in.left(), (4 - in.position() % 4) % 4));
  return {};
}

Status read_descriptions(const Part &part, Events &events) {
  ByteReader in(part.body);
  for (int i = 0; i < part.count && in.left() > 0; ++i) {
    std::uint32_t ssrc = in.u32();
    if (!in.ok()) return malformed("an RTCP description is too short");
    SLUICE_TRY_VOID(read_items(ssrc, in, events));
  }
  return {};
}

Status read_bye(const Part &part, Events &events) {
  ByteReader in(part.body);
  Bytes sources = in.take(4U * part.count);
  if (!in.ok()) return malformed("an RTCP goodbye has fewer sources than it says");
  std::string_view reason;
  if (in.left() > 0) {
    reason = base::as_text(in.take(in.u8()));
    if (!in.ok()) return malformed("an RTCP goodbye's reason is longer than its packet");
  }
  ByteReader list(sources);
  while (list.left() > 0)
    events.on_bye(list.u32(), reason);
  return {};
}

Status read_part(const Part &part, Events &events) {
  switch (static_cast<Type>(part.type)) {
    case Type::SenderReport:
      return read_sender_report(part, events);
    case Type::ReceiverReport:
      return read_receiver_report(part, events);
    case Type::SourceDescription:
      return read_descriptions(part, events);
    case Type::Bye:
      return read_bye(part, events);
    default:
      events.on_other(part.type, part.body);
      return {};
  }
}

// `size` is of what follows the header.
void write_header(ByteWriter &out, std::size_t count, Type type, std::size_t size) {
  out.u8(static_cast<std::uint8_t>(0x80U | count));
  out.u8(static_cast<std::uint8_t>(type));
  out.u16(static_cast<std::uint16_t>(size / 4));
}

void write_blocks(ByteWriter &out, std::span<const ReportBlock> blocks) {
  for (const ReportBlock &block : blocks) {
    out.u32(block.ssrc);
    out.u8(block.fraction_lost);
    out.u24(static_cast<std::uint32_t>(std::clamp(block.total_lost, -0x800000, 0x7fffff)) &
            0xffffffU);
    out.u32(block.highest_sequence);
    out.u32(block.jitter);
    out.u32(block.last_report);
    out.u32(block.delay_since_last);
  }
}

void write_description(ByteWriter &out, std::uint32_t ssrc, std::string_view cname) {
  cname = cname.substr(0, kMaxText);
  // The terminator fills up to a multiple of 4, with 1 to 4 bytes.
  std::size_t size = 4 + 2 + cname.size();
  std::size_t zeros = 4 - size % 4;
  write_header(out, 1, Type::SourceDescription, size + zeros);
  out.u32(ssrc);
  out.u8(kCname);
  out.u8(static_cast<std::uint8_t>(cname.size()));
  out.text(cname);
  for (std::size_t i = 0; i < zeros; ++i)
    out.u8(0);
}

std::span<const ReportBlock> bounded(std::span<const ReportBlock> blocks) {
  return blocks.first(std::min(blocks.size(), kMaxBlocks));
}

constexpr std::size_t kBlock = 24;
constexpr std::size_t kSenderInfo = 20;

}  // namespace

Status parse(Bytes compound, Events &events) {
  if (compound.size() < kHeader) return malformed("RTCP is shorter than a header");
  while (compound.size() >= kHeader) {
    SLUICE_TRY(part, take_part(compound));
    SLUICE_TRY_VOID(read_part(part, events));
  }
  return {};
}

std::string make_receiver_report(std::uint32_t ssrc, std::span<const ReportBlock> blocks,
                                 std::string_view cname) {
  std::string bytes;
  ByteWriter out(bytes);
  blocks = bounded(blocks);
  write_header(out, blocks.size(), Type::ReceiverReport, 4 + blocks.size() * kBlock);
  out.u32(ssrc);
  write_blocks(out, blocks);
  write_description(out, ssrc, cname);
  return bytes;
}

std::string make_sender_report(const SenderReport &report, std::span<const ReportBlock> blocks,
                               std::string_view cname) {
  std::string bytes;
  ByteWriter out(bytes);
  blocks = bounded(blocks);
  write_header(out, blocks.size(), Type::SenderReport, 4 + kSenderInfo + blocks.size() * kBlock);
  out.u32(report.ssrc);
  out.u64(report.ntp);
  out.u32(report.rtp_timestamp);
  out.u32(report.packets);
  out.u32(report.octets);
  write_blocks(out, blocks);
  write_description(out, report.ssrc, cname);
  return bytes;
}

std::string make_bye(std::uint32_t ssrc) {
  std::string bytes;
  ByteWriter out(bytes);
  for (Type type : {Type::ReceiverReport, Type::Bye}) {
    write_header(out, type == Type::Bye ? 1 : 0, type, 4);
    out.u32(ssrc);
  }
  return bytes;
}

std::int64_t wall_us_of_ntp(std::uint64_t ntp) {
  auto seconds = static_cast<std::int64_t>(ntp >> 32);
  if (seconds < kNtpEra / 2) seconds += kNtpEra;
  std::uint64_t fraction = (ntp & 0xffffffffU) * static_cast<std::uint64_t>(kUsPerSecond) >> 32;
  return (seconds - kUnixEpochInNtp) * kUsPerSecond + static_cast<std::int64_t>(fraction);
}

std::uint64_t ntp_of_wall_us(std::int64_t wall_us) {
  std::int64_t seconds = wall_us / kUsPerSecond;
  std::int64_t rest = wall_us % kUsPerSecond;
  if (rest < 0) {
    rest += kUsPerSecond;
    --seconds;
  }
  // Rounded up, so that the way back gives the same microsecond.
  std::uint64_t fraction =
      ((static_cast<std::uint64_t>(rest) << 32) + kUsPerSecond - 1) / kUsPerSecond;
  return static_cast<std::uint64_t>(seconds + kUnixEpochInNtp) << 32 | fraction;
}

}  // namespace sluice::wire::rtcp
