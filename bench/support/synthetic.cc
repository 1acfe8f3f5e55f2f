// SPDX-License-Identifier: Apache-2.0
// Sizes, filler and order of the synthetic messages.
#include "support/synthetic.h"

#include <algorithm>
#include <cmath>

#include "support/stamp.h"

namespace sluice::bench {
namespace {

constexpr double kAudioPerSecond = 44100.0 / 1024;
constexpr std::size_t kAudioBody = 209;   // about 72 kbit/s
constexpr std::size_t kTagOverhead = 15;  // tag header and previous tag size
constexpr double kKeyToDelta = 5.35;
constexpr std::size_t kSmallestVideoBody = kVideoBodyHead + kStampSize + 64;

// 1280x720, Main profile, level 3.1, as x264 writes it.
constexpr char kSps[] =
    "\x67\x4d\x40\x1f\xd9\x00\x50\x05\xbb\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xf1\x83"
    "\x24\x80";
constexpr char kPps[] = "\x68\xeb\xc3\xcb\x20";

std::string_view literal(const char *text, std::size_t size) { return {text, size - 1}; }

// No zero bytes, so that nothing in it looks like a start code.
void fill(std::byte *out, std::size_t size) {
  std::uint32_t state = 2463534242;
  for (std::size_t i = 0; i < size; i++) {
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    out[i] = static_cast<std::byte>(1 + state % 255);
  }
}

std::vector<std::byte> video_body(std::size_t size, bool key) {
  std::vector<std::byte> body(std::max(size, kSmallestVideoBody));
  body[0] = key ? std::byte{0x17} : std::byte{0x27};
  body[1] = std::byte{1};
  std::size_t slice = kVideoBodyHead + kStampSize;
  std::size_t slice_size = body.size() - slice - 4;
  std::byte *out = base::put_u32(body.data() + slice, static_cast<std::uint32_t>(slice_size));
  fill(out, slice_size);
  // NAL header and the beginning of a slice header (macroblock 0, I or P, parameter set 0): enough
  // for tools that look for the picture's size. What follows does not decode.
  out[0] = key ? std::byte{0x65} : std::byte{0x41};
  out[1] = key ? std::byte{0x88} : std::byte{0x9a};
  out[2] = key ? std::byte{0x84} : std::byte{0x24};
  return body;
}

void put_member(base::ByteWriter &out, std::string_view name, double value) {
  out.u16(static_cast<std::uint16_t>(name.size()));
  out.text(name);
  out.u8(0);
  out.f64(value);
}

}  // namespace

SyntheticStream::SyntheticStream(const Shape &shape)
    : shape_(shape),
      frames_per_gop_(std::max(1, static_cast<int>(std::lround(shape.fps * shape.gop_s)))) {
  double audio_bytes = shape.audio ? kAudioPerSecond * (kAudioBody + kTagOverhead) : 0;
  double gop_s = static_cast<double>(frames_per_gop_) / shape.fps;
  double video_per_gop = (shape.mbit * 1e6 / 8 - audio_bytes) * gop_s;
  double delta = video_per_gop / (kKeyToDelta + frames_per_gop_ - 1);
  auto body_size = [](double tag) {
    return static_cast<std::size_t>(std::max(0.0, tag - kTagOverhead));
  };
  key_body_ = video_body(body_size(delta * kKeyToDelta), true);
  delta_body_ = video_body(body_size(delta), false);
  audio_body_.resize(kAudioBody);
  fill(audio_body_.data(), kAudioBody);
  audio_body_[0] = std::byte{0xaf};
  audio_body_[1] = std::byte{1};
  auto deltas = static_cast<double>(frames_per_gop_ - 1);
  double video = static_cast<double>(key_body_.size() + kTagOverhead) +
                 deltas * static_cast<double>(delta_body_.size() + kTagOverhead);
  bytes_per_s_ = video / gop_s + audio_bytes;
}

std::string SyntheticStream::metadata() const {
  std::string text;
  base::ByteWriter out(text);
  out.u8(2);
  out.u16(10);
  out.text("onMetaData");
  out.u8(8);
  out.u32(6);
  put_member(out, "width", 1280);
  put_member(out, "height", 720);
  put_member(out, "framerate", shape_.fps);
  put_member(out, "videocodecid", 7);
  put_member(out, "audiocodecid", 10);
  put_member(out, "audiosamplerate", 44100);
  out.u24(9);
  return text;
}

std::string SyntheticStream::video_config() const {
  std::string_view sps = literal(kSps, sizeof kSps), pps = literal(kPps, sizeof kPps);
  std::string text;
  base::ByteWriter out(text);
  out.u8(0x17);
  out.u32(0);  // packet type 0: sequence header; composition offset 0
  out.u8(1);
  out.text(sps.substr(1, 3));
  out.u8(0xff);
  out.u8(0xe1);
  out.u16(static_cast<std::uint16_t>(sps.size()));
  out.text(sps);
  out.u8(1);
  out.u16(static_cast<std::uint16_t>(pps.size()));
  out.text(pps);
  return text;
}

std::string SyntheticStream::audio_config() const {
  return {"\xaf\x00\x12\x10", 4};  // AAC-LC, 44.1 kHz, stereo
}

SyntheticMessage SyntheticStream::next() {
  double video_at = static_cast<double>(video_count_) / shape_.fps;
  double audio_at = static_cast<double>(audio_count_) / kAudioPerSecond;
  SyntheticMessage message;
  message.video = !shape_.audio || video_at <= audio_at;
  double at = message.video ? video_at : audio_at;
  message.timestamp_ms = static_cast<std::uint32_t>(std::lround(at * 1000));
  message.due_ns = static_cast<std::int64_t>(at * 1e9);
  if (!message.video) {
    audio_count_++;
    message.body = audio_body_;
    return message;
  }
  message.key = video_count_ % static_cast<std::uint64_t>(frames_per_gop_) == 0;
  message.body = message.key ? key_body_ : delta_body_;
  video_count_++;
  return message;
}

void SyntheticStream::stamp(const SyntheticMessage &message, std::int64_t now_ns) {
  auto number = static_cast<std::uint32_t>(video_count_ - 1);
  write_stamp({number, now_ns}, message.body.subspan(kVideoBodyHead, kStampSize));
}

}  // namespace sluice::bench
