// SPDX-License-Identifier: Apache-2.0
#include "wire/sdp.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "wire/text.h"

namespace sluice::wire::sdp {
namespace {

using base::Code;
using base::Domain;
using base::Result;
using base::Status;

constexpr std::size_t kMaxText = 256 * 1024;
constexpr std::size_t kMaxLine = 16 * 1024;
constexpr std::size_t kMaxMedia = 32;
constexpr std::size_t kMaxFormats = 32;
constexpr std::size_t kMaxCrypto = 8;
constexpr std::size_t kMaxStrays = 64;
constexpr double kMaxFrameRate = 1000;

std::unexpected<base::Error> too_large(const char *what) {
  return base::fail(Domain::Wire, Code::TooLarge, what);
}

struct StaticType {
  std::uint8_t payload_type;
  std::string_view encoding;
  std::uint32_t clock_rate;
  std::uint32_t channels;
};

// RFC 3551, section 6.
constexpr StaticType kStaticTypes[] = {
    {0, "PCMU", 8000, 1},   {3, "GSM", 8000, 1},    {4, "G723", 8000, 1},   {5, "DVI4", 8000, 1},
    {6, "DVI4", 16000, 1},  {7, "LPC", 8000, 1},    {8, "PCMA", 8000, 1},   {9, "G722", 8000, 1},
    {10, "L16", 44100, 2},  {11, "L16", 44100, 1},  {12, "QCELP", 8000, 1}, {13, "CN", 8000, 1},
    {14, "MPA", 90000, 0},  {15, "G728", 8000, 1},  {16, "DVI4", 11025, 1}, {17, "DVI4", 22050, 1},
    {18, "G729", 8000, 1},  {25, "CelB", 90000, 0}, {26, "JPEG", 90000, 0}, {28, "nv", 90000, 0},
    {31, "H261", 90000, 0}, {32, "MPV", 90000, 0},  {33, "MP2T", 90000, 0}, {34, "H263", 90000, 0},
};

// FFmpeg publishes pcm_s16le with a dynamic payload type and no rtpmap: its bit rate is all that
// tells the sampling rate of 16 bits and one channel.
std::uint32_t pcm_rate_of(std::uint32_t kbps) {
  for (std::uint32_t rate : {8000U, 16000U, 24000U, 32000U, 44100U, 48000U}) {
    if (rate * 16 / 1000 == kbps) return rate;
  }
  return 0;
}

Format *find_format(Media &media, std::uint8_t payload_type) {
  auto found = std::ranges::find(media.formats, payload_type, &Format::payload_type);
  return found == media.formats.end() ? nullptr : &*found;
}

std::optional<std::uint8_t> parse_payload_type(std::string_view text) {
  auto number = parse_decimal(text, 127);
  if (!number) return {};
  return static_cast<std::uint8_t>(*number);
}

void add_parameters(Format &format, std::string_view text) {
  if (text.empty()) return;
  if (!format.parameters.empty()) format.parameters += ';';
  format.parameters += text;
}

// "H264/90000", "opus/48000/2". A clock that cannot be read is left to the defaults.
void set_encoding(Format &format, std::string_view text) {
  format.encoding = trim(take_until(text, '/'));
  format.clock_rate = static_cast<std::uint32_t>(
      parse_decimal(trim(take_until(text, '/')), 0xffffffff).value_or(0));
  format.channels = static_cast<std::uint32_t>(parse_decimal(trim(text), 255).value_or(0));
  // RFC 7587, section 7: always these, whatever the stream has. Devices write the stream's.
  if (equal_ignoring_case(format.encoding, "opus")) {
    format.clock_rate = 48000;
    format.channels = 2;
  }
}

struct Address {
  std::string host;
  std::uint8_t ttl = 0;
};

// "IN IP4 239.1.1.1/16/2", of which devices repeat or leave out the beginning.
Address parse_connection(std::string_view value) {
  std::string_view word = take_word(value);
  while (equal_ignoring_case(word, "IN") || equal_ignoring_case(word, "IP4") ||
         equal_ignoring_case(word, "IP6") || equal_ignoring_case(word, "c=IN"))
    word = take_word(value);
  Address address;
  address.host = take_until(word, '/');
  auto ttl = parse_decimal(take_until(word, '/'), 255);
  address.ttl = static_cast<std::uint8_t>(ttl.value_or(0));
  return address;
}

// The lines of one session description, in their order.
class Reader {
 public:
  Status take_line(char letter, std::string_view value) {
    switch (letter) {
      case 's':
        if (session_.name.empty()) session_.name = value;
        return {};
      case 'c':
        take_connection(value);
        return {};
      case 'b':
        take_bandwidth(value);
        return {};
      case 'm':
        return take_media(value);
      case 'a': {
        std::string_view rest = value;
        std::string_view name = trim(wire::take_until(rest, ':'));
        return take_attribute(name, trim(rest));
      }
      default:
        return {};
    }
  }

  Session finish() {
    for (const Stray &stray : strays_)
      place(stray);
    for (Media &media : session_.media) {
      if (media.address.empty()) {
        media.address = address_.host;
        media.ttl = address_.ttl;
      }
      for (Format &format : media.formats)
        complete(media, format);
    }
    return std::move(session_);
  }

 private:
  // a=fmtp that names a payload type which its media does not have.
  struct Stray {
    std::uint8_t payload_type = 0;
    std::string parameters;
  };

  [[nodiscard]] Media *media() { return session_.media.empty() ? nullptr : &session_.media.back(); }

  void take_connection(std::string_view value) {
    Address address = parse_connection(value);
    if (address.host.empty()) return;
    if (media() == nullptr) {
      address_ = std::move(address);
    } else {
      media()->address = std::move(address.host);
      media()->ttl = address.ttl;
    }
  }

  void take_bandwidth(std::string_view value) {
    std::string_view kind = trim(wire::take_until(value, ':'));
    auto number = parse_decimal(trim(value), 0xffffffff);
    if (media() == nullptr || !number || !equal_ignoring_case(kind, "AS")) return;
    media()->bandwidth_kbps = static_cast<std::uint32_t>(*number);
  }

  // "video 0 RTP/AVP 96 97". Formats that are no payload type are left out.
  Status take_media(std::string_view value) {
    if (session_.media.size() == kMaxMedia) return too_large("SDP has too many media");
    Media &media = session_.media.emplace_back();
    media.kind = take_word(value);
    std::string_view port = take_word(value);
    auto number = parse_decimal(wire::take_until(port, '/'), 0xffff);
    media.port = static_cast<std::uint16_t>(number.value_or(0));
    media.protocol = take_word(value);
    while (!value.empty()) {
      auto payload_type = parse_payload_type(take_word(value));
      if (!payload_type || find_format(media, *payload_type) != nullptr) continue;
      SLUICE_TRY_VOID(add_format(*payload_type));
    }
    return {};
  }

  Status add_format(std::uint8_t payload_type) {
    if (media()->formats.size() == kMaxFormats) return too_large("SDP media has too many formats");
    media()->formats.emplace_back().payload_type = payload_type;
    return {};
  }

  Status take_attribute(std::string_view name, std::string_view value) {
    if (equal_ignoring_case(name, "control")) {
      std::string &control = media() == nullptr ? session_.control : media()->control;
      if (control.empty()) control = value;
    } else if (equal_ignoring_case(name, "key-mgmt")) {
      std::string &key_mgmt = media() == nullptr ? session_.key_mgmt : media()->key_mgmt;
      bool is_mikey = equal_ignoring_case(take_word(value), "mikey");
      if (is_mikey && key_mgmt.empty()) key_mgmt = value;
    } else if (equal_ignoring_case(name, "tool")) {
      if (session_.tool.empty()) session_.tool = value;
    } else if (media() != nullptr) {
      return take_media_attribute(name, value);
    }
    return {};
  }

  Status take_media_attribute(std::string_view name, std::string_view value) {
    if (equal_ignoring_case(name, "rtpmap")) return take_rtpmap(value);
    if (equal_ignoring_case(name, "fmtp")) take_fmtp(value);
    if (equal_ignoring_case(name, "crypto")) return take_crypto(value);
    if (equal_ignoring_case(name, "framerate")) take_frame_rate(value);
    struct Row {
      std::string_view name;
      Direction direction;
    };
    for (const Row &row :
         {Row{"sendrecv", Direction::SendReceive}, Row{"sendonly", Direction::SendOnly},
          Row{"recvonly", Direction::ReceiveOnly}, Row{"inactive", Direction::Inactive}}) {
      if (equal_ignoring_case(name, row.name)) media()->direction = row.direction;
    }
    return {};
  }

  // A payload type that m= does not have is believed too: packets show which one is right.
  Status take_rtpmap(std::string_view value) {
    auto payload_type = parse_payload_type(take_word(value));
    if (!payload_type || value.empty()) return {};
    if (find_format(*media(), *payload_type) == nullptr) {
      SLUICE_TRY_VOID(add_format(*payload_type));
    }
    set_encoding(*find_format(*media(), *payload_type), value);
    return {};
  }

  void take_fmtp(std::string_view value) {
    auto payload_type = parse_payload_type(take_word(value));
    if (!payload_type) return;
    if (Format *format = find_format(*media(), *payload_type)) {
      add_parameters(*format, value);
    } else if (strays_.size() < kMaxStrays) {
      strays_.push_back({*payload_type, std::string(value)});
    }
  }

  Status take_crypto(std::string_view value) {
    if (media()->crypto.size() == kMaxCrypto) return too_large("SDP media has too many keys");
    auto tag = parse_decimal(take_word(value), 999'999'999);
    if (!tag) return {};
    Crypto crypto;
    crypto.tag = static_cast<std::uint32_t>(*tag);
    crypto.suite = take_word(value);
    crypto.parameters = value;
    media()->crypto.push_back(std::move(crypto));
    return {};
  }

  void take_frame_rate(std::string_view value) {
    double rate = 0;
    auto result = std::from_chars(value.data(), value.data() + value.size(), rate);
    bool believable = result.ec == std::errc() && rate > 0 && rate <= kMaxFrameRate;
    if (believable) media()->frame_rate = rate;
  }

  void place(const Stray &stray) {
    for (Media &media : session_.media) {
      Format *format = find_format(media, stray.payload_type);
      if (format == nullptr || !format->parameters.empty()) continue;
      add_parameters(*format, stray.parameters);
      return;
    }
  }

  // What a format without an rtpmap is, and the clock of one whose rtpmap has none.
  static void complete(const Media &media, Format &format) {
    const auto *known =
        std::ranges::find(kStaticTypes, format.payload_type, &StaticType::payload_type);
    bool is_audio = equal_ignoring_case(media.kind, "audio");
    if (format.encoding.empty() && known != std::end(kStaticTypes)) {
      format.encoding = known->encoding;
      format.clock_rate = known->clock_rate;
      format.channels = known->channels;
    } else if (format.encoding.empty() && media.formats.size() == 2) {
      // m= and rtpmap name different payload types: they mean one format.
      const Format &other = media.formats[&format == &media.formats[0] ? 1 : 0];
      if (other.encoding.empty()) return;
      std::uint8_t payload_type = format.payload_type;
      std::string parameters = std::move(format.parameters);
      format = other;
      format.payload_type = payload_type;
      if (!parameters.empty()) format.parameters = std::move(parameters);
    } else if (std::uint32_t rate = pcm_rate_of(media.bandwidth_kbps);
               format.encoding.empty() && is_audio && rate != 0) {
      format.encoding = "PCM";
      format.clock_rate = rate;
      format.channels = 1;
    }
    if (format.clock_rate == 0 && !format.encoding.empty()) {
      format.clock_rate = is_audio ? 8000 : 90000;
    }
  }

  Session session_;
  Address address_;
  std::vector<Stray> strays_;
};

}  // namespace

std::string_view Format::parameter(std::string_view name) const {
  std::string_view rest = parameters;
  while (!rest.empty()) {
    std::string_view value = take_until_unquoted(rest, ';');
    if (equal_ignoring_case(trim(take_until(value, '=')), name)) return unquote(trim(value));
  }
  return {};
}

Result<Session> parse(std::string_view text) {
  if (text.size() > kMaxText) return too_large("SDP is too long");
  Reader reader;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (line.size() > kMaxLine) return too_large("an SDP line is too long");
    while (!line.empty() && (line.back() == '\r' || line.back() == '\0'))
      line.remove_suffix(1);
    line = trim(line);
    if (line.size() < 2 || line[1] != '=' || std::ranges::any_of(line, is_control)) continue;
    SLUICE_TRY_VOID(reader.take_line(line[0], trim(line.substr(2))));
  }
  return reader.finish();
}

}  // namespace sluice::wire::sdp
