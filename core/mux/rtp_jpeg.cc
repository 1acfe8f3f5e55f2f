// SPDX-License-Identifier: Apache-2.0
// Motion JPEG over RTP (RFC 2435): the head of each picture, which RTP leaves out, is written
// again.
#include <algorithm>
#include <array>
#include <string>

#include "media/jpeg.h"
#include "mux/frame_writer.h"
#include "mux/rtp_payloads.h"

namespace sluice::mux {

namespace {

constexpr unsigned kInBandTables = 128;  // Q values from here on bring their tables
constexpr unsigned kNeverKept = 255;     // these may change with every picture
constexpr std::uint32_t kUnit = 8;       // pixels that the fields for width and height count

struct Size {
  std::uint32_t width;
  std::uint32_t height;
};

// A side of more than 2040 pixels does not fit its field; devices let it wrap. These are the sizes
// of sensors whose wrapped form is no picture's shape.
constexpr std::array<Size, 7> kLargeSizes = {{{2304, 1296},
                                              {2560, 1440},
                                              {2560, 1920},
                                              {2592, 1944},
                                              {2688, 1520},
                                              {3840, 2160},
                                              {2880, 1620}}};
constexpr std::array<Size, 6> kRoundSizes = {
    {{2048, 1536}, {2048, 1152}, {3072, 2048}, {4096, 2160}, {2048, 2048}, {2048, 1080}}};

constexpr std::uint32_t wrapped(std::uint32_t side) {
  return (side + kUnit - 1) / kUnit % 256 * kUnit;
}

// What the fields mean, given in pixels as they are written.
Size unwrapped(Size told) {
  const auto matches = [&](const Size &real) {
    return wrapped(real.width) == told.width && wrapped(real.height) == told.height;
  };
  const bool unlikely = told.width * 2 < told.height * 11 / 10 || told.width > told.height * 8;
  if (told.width == 0 || told.height == 0) {
    const auto *real = std::ranges::find_if(kRoundSizes, matches);
    if (real != kRoundSizes.end()) return *real;
    return {told.width == 0 ? 2048 : told.width, told.height == 0 ? 2048 : told.height};
  }
  const auto *real = unlikely ? std::ranges::find_if(kLargeSizes, matches) : kLargeSizes.end();
  return real == kLargeSizes.end() ? told : *real;
}

// The headers before the data of a packet (section 3.1).
struct JpegPacket {
  std::uint32_t offset = 0;
  unsigned type = 0;
  unsigned quality = 0;
  Size size{};
  std::uint32_t restart_interval = 0;
  std::string_view tables;  // as they stand in the packet
  bool wide_luma = false;   // 16 bits
  bool wide_chroma = false;
  base::Bytes data;
};

base::Result<JpegPacket> parse_packet(base::Bytes payload) {
  base::ByteReader in(payload);
  JpegPacket packet;
  in.skip(1);  // says how fields are interlaced
  packet.offset = in.u24();
  packet.type = in.u8();
  packet.quality = in.u8();
  packet.size.width = in.u8() * kUnit;
  packet.size.height = in.u8() * kUnit;
  if (packet.type >= 64 && packet.type <= 127) {
    packet.restart_interval = in.u16();
    in.skip(2);
  }
  if (packet.quality >= kInBandTables && packet.offset == 0) {
    in.skip(1);
    const unsigned precision = in.u8();
    packet.wide_luma = (precision & 1) != 0;
    packet.wide_chroma = (precision & 2) != 0;
    packet.tables = base::as_text(in.take(in.u16()));
  }
  packet.data = in.rest();
  if (!in.ok() || packet.quality == 0 || (packet.quality > 99 && packet.quality < kInBandTables)) {
    return base::fail(base::Domain::Media, base::Code::Malformed,
                      "JPEG payload breaks the grammar");
  }
  if ((packet.type & ~64U) > 1) {
    return base::fail(base::Domain::Media, base::Code::Unsupported,
                      "JPEG of an unknown type is not supported");
  }
  return packet;
}

class JpegDepacketizer final : public RtpDepacketizer {
 public:
  explicit JpegDepacketizer(const PayloadContext &context)
      : RtpDepacketizer(media::Codec::MJPEG, 90'000),
        events_(context.events),
        writer_(context.pool, context.options.max_frame_bytes) {}

  void push(const wire::rtp::Packet &packet, bool after_loss) override {
    const std::uint64_t copied = writer_.copied_bytes();
    if (in_picture_ && packet.timestamp != timestamp_) end(!after_loss);
    if (after_loss && in_picture_) lose(Damage::Loss);
    if (packet.timestamp != timestamp_) settled_ = false;
    timestamp_ = packet.timestamp;
    if (!packet.payload.empty()) read(packet.payload);
    if (packet.marker && in_picture_) end(true);
    count_copied(writer_.copied_bytes() - copied);
  }
  void flush() override {
    in_picture_ = false;
    writer_.clear();
  }

 private:
  void read(base::Bytes payload);
  bool begin(const JpegPacket &packet);
  bool take_tables(const JpegPacket &packet);
  bool append(base::Bytes bytes);
  void end(bool whole);
  void lose(Damage damage);

  DepacketizerEvents &events_;
  FrameWriter writer_;
  SizeGuess guess_;
  bool in_picture_ = false;
  bool settled_ = false;  // the picture of this time stamp was given out, or its loss was told
  std::uint32_t timestamp_ = 0;
  std::size_t head_size_ = 0;
  bool has_tables_ = false;
  unsigned quality_ = 0;  // of the tables
  media::JpegTables tables_;
  // The head as it was written last, and what it was made for.
  std::string head_;
  Size size_{};
  unsigned type_ = 0;
  std::uint32_t restart_interval_ = 0;
  bool announced_ = false;
};

void JpegDepacketizer::read(base::Bytes payload) {
  const auto packet = parse_packet(payload);
  if (!packet) {
    events_.on_ignored(packet.error().what);
    if (in_picture_) lose(Damage::Malformed);
    return;
  }
  if (packet->offset == 0) {
    if (in_picture_) end(true);
    if (!begin(*packet)) return;
  }
  if (!in_picture_) {
    // Its beginning was lost, or the stream is joined in the middle.
    if (announced_ && !settled_) lose(Damage::Loss);
    return;
  }
  if (packet->offset != writer_.size() - head_size_) return lose(Damage::Loss);
  append(packet->data);
}

bool JpegDepacketizer::begin(const JpegPacket &packet) {
  const bool new_tables = take_tables(packet);
  if (!has_tables_) {
    lose(Damage::NoConfig);
    return false;
  }
  const bool same = !new_tables && !head_.empty() && packet.size.width == size_.width &&
                    packet.size.height == size_.height && packet.type == type_ &&
                    packet.restart_interval == restart_interval_;
  const bool resized =
      !announced_ || packet.size.width != size_.width || packet.size.height != size_.height;
  if (!same) {
    size_ = packet.size;
    type_ = packet.type;
    restart_interval_ = packet.restart_interval;
    const Size real = unwrapped(size_);
    head_ = media::jpeg_head({.width = real.width,
                              .height = real.height,
                              .halved_rows = (type_ & 1) != 0,
                              .restart_interval = restart_interval_},
                             tables_);
  }
  if (resized) {
    announced_ = true;
    const Size real = unwrapped(size_);
    if (real.width != size_.width)
      events_.on_quirk("JPEG with a width that does not fit its field");
    events_.on_track({.codec = media::Codec::MJPEG, .width = real.width, .height = real.height});
  }
  in_picture_ = true;
  writer_.reserve(guess_.next());
  if (!append(base::as_bytes(head_))) return false;
  head_size_ = head_.size();
  return true;
}

// Returns whether they differ from those before.
bool JpegDepacketizer::take_tables(const JpegPacket &packet) {
  if (packet.quality < kInBandTables) {
    if (has_tables_ && quality_ == packet.quality) return false;
    tables_ = media::jpeg_tables(packet.quality);
  } else {
    if (packet.tables.empty()) {
      has_tables_ = has_tables_ && quality_ == packet.quality && quality_ != kNeverKept;
      return false;
    }
    const std::size_t luma = packet.wide_luma ? 128 : 64;
    const std::size_t chroma = packet.wide_chroma ? 128 : 64;
    has_tables_ = packet.tables.size() >= luma;
    if (!has_tables_) return false;
    media::JpegTables tables;
    tables.luma = packet.tables.substr(0, luma);
    // With one table there is only one.
    tables.chroma = packet.tables.size() < luma + chroma
                        ? tables.luma
                        : std::string(packet.tables.substr(luma, chroma));
    if (quality_ == packet.quality && tables.luma == tables_.luma &&
        tables.chroma == tables_.chroma) {
      return false;
    }
    tables_ = std::move(tables);
  }
  quality_ = packet.quality;
  has_tables_ = true;
  return true;
}

bool JpegDepacketizer::append(base::Bytes bytes) {
  if (writer_.append(bytes)) return true;
  lose(writer_.failure());
  return false;
}

void JpegDepacketizer::end(bool whole) {
  if (!whole || writer_.size() == head_size_) return lose(Damage::Loss);
  static constexpr std::array kEnd = {std::byte{0xff}, std::byte{0xd9}};
  const base::Bytes written = writer_.bytes();
  if (!std::ranges::equal(written.last(2), kEnd) && !append(kEnd)) return;
  in_picture_ = false;
  settled_ = true;
  guess_.learn(writer_.size());
  media::Frame frame{.codec = media::Codec::MJPEG, .key = true};
  frame.payload = writer_.take();
  events_.on_frame(std::move(frame), timestamp_);
}

void JpegDepacketizer::lose(Damage damage) {
  in_picture_ = false;
  settled_ = true;
  writer_.clear();
  events_.on_damage(damage);
}

}  // namespace

std::unique_ptr<RtpDepacketizer> make_jpeg(const PayloadContext &context) {
  return std::make_unique<JpegDepacketizer>(context);
}

}  // namespace sluice::mux
