// SPDX-License-Identifier: Apache-2.0
#include "wire/rtsp_message.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "wire/text.h"

namespace sluice::wire::rtsp {
namespace {

using base::Bytes;
using base::Code;
using base::Domain;
using base::MutableBytes;
using base::Result;
using base::Status;

// A receiver report without a block is the smallest packet that anybody sends.
constexpr std::size_t kSmallestPacket = 8;

// What a message from a server may begin with. Its requests are few.
constexpr std::string_view kServerStarts[] = {
    "RTSP/",     "HTTP/",          "OPTIONS ",       "ANNOUNCE ", "DESCRIBE ",
    "REDIRECT ", "GET_PARAMETER ", "SET_PARAMETER ", "TEARDOWN ", "PLAY "};

std::unexpected<base::Error> malformed(const char *what) {
  return base::fail(Domain::Wire, Code::Malformed, what);
}
std::unexpected<base::Error> too_large(const char *what) {
  return base::fail(Domain::Wire, Code::TooLarge, what);
}

std::uint8_t u8(std::byte b) { return std::to_integer<std::uint8_t>(b); }

bool is_line_end_or_blank(std::byte b) {
  auto c = static_cast<char>(b);
  return c == '\r' || c == '\n' || c == ' ' || c == '\t';
}

// Whether a unit may begin with this byte: a packet, a message, or the blanks before them.
bool may_begin_unit(std::byte b) {
  auto c = static_cast<char>(b);
  return c == '$' || (c >= 'A' && c <= 'Z') || is_line_end_or_blank(b);
}

// RFC 2326, section 15.1.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f ||
           std::string_view("()<>@,;:\\\"/[]?={}").contains(c);
  });
}

bool is_protocol(std::string_view text) {
  if (!text.starts_with("RTSP/") && !text.starts_with("HTTP/")) return false;
  text.remove_prefix(5);
  return text.size() == 3 && text[0] >= '0' && text[0] <= '9' && text[1] == '.' && text[2] >= '0' &&
         text[2] <= '9';
}

std::string_view text_of(Bytes bytes) { return base::as_text(bytes); }

// The next line without its end, which is CRLF or LF; `text` loses both.
std::string_view take_line(std::string_view &text) {
  std::string_view line = take_until(text, '\n');
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// A line that begins with a blank belongs to the one before it (section 4.2): the line end between
// them becomes blanks.
void unfold(MutableBytes head) {
  for (std::size_t i = 1; i + 1 < head.size(); ++i) {
    bool folded = head[i] == std::byte{'\n'} && is_blank(static_cast<char>(head[i + 1]));
    if (!folded) continue;
    head[i] = std::byte{' '};
    if (head[i - 1] == std::byte{'\r'}) head[i - 1] = std::byte{' '};
  }
}

void append_clean(std::string &out, std::string_view text) {
  std::ranges::copy_if(text, std::back_inserter(out), [](char c) { return !is_control(c); });
}

void append_fields(std::string &out, std::span<const Field> fields, std::string_view body) {
  for (const Field &field : fields) {
    append_clean(out, field.name);
    out += ": ";
    append_clean(out, field.value);
    out += "\r\n";
  }
  if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  out += "\r\n";
  out += body;
}

}  // namespace

std::optional<std::string_view> Message::find(std::string_view name) const {
  for (const Field &field : fields) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

std::vector<std::string_view> Message::find_all(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const Field &field : fields) {
    if (equal_ignoring_case(field.name, name)) found.push_back(field.value);
  }
  return found;
}

std::optional<std::uint32_t> Message::cseq() const {
  auto number = parse_decimal(find("CSeq").value_or(""), 0xffffffff);
  if (!number) return {};
  return static_cast<std::uint32_t>(*number);
}

Result<std::size_t> Splitter::feed(MutableBytes input, SplitterEvents &events) {
  std::size_t consumed = 0;
  while (consumed < input.size()) {
    Result<Unit> unit = take_unit(input.subspan(consumed), events);
    if (!unit) return base::fail(unit.error());
    consumed += unit->bytes;
    // After Stop this object may be gone.
    if (unit->step != Step::Consumed) break;
  }
  return consumed;
}

Result<Splitter::Unit> Splitter::take_unit(MutableBytes rest, SplitterEvents &events) {
  if (rest.size() < wanted_) return Unit{};
  if (peer_ == Peer::Client) {
    if (rest[0] == std::byte{'$'}) return take_packet(rest, events);
    // Clients end requests with a line too many, and keep tunnels alive with empty ones.
    if (rest[0] == std::byte{'\r'} || rest[0] == std::byte{'\n'}) return Unit{Step::Consumed, 1};
    return take_message(rest, events);
  }
  if (in_order_ && is_line_end_or_blank(rest[0])) return Unit{Step::Consumed, 1};
  switch (guess(rest)) {
    case Guess::TooShort:
      return Unit{};
    case Guess::No:
      return take_garbage(rest, 1);
    case Guess::Yes:
      break;
  }
  return rest[0] == std::byte{'$'} ? take_packet(rest, events) : take_message(rest, events);
}

// Whether a packet or message of a server begins here.
Splitter::Guess Splitter::guess(Bytes rest) const {
  if (rest[0] == std::byte{'$'}) return guess_packet(rest);
  std::string_view text = text_of(rest);
  for (std::string_view start : kServerStarts) {
    if (text.starts_with(start)) return Guess::Yes;
    if (start.starts_with(text)) return Guess::TooShort;
  }
  return Guess::No;
}

// In order, a packet of an expected channel is believed. Anything else has to look like one: what
// follows it must be able to begin a unit, and where order is lost, its channel must be expected
// and its payload must begin as RTP and RTCP do.
Splitter::Guess Splitter::guess_packet(Bytes rest) const {
  if (rest.size() < kInterleavedHeader) return Guess::TooShort;
  bool expected = channels_.none() || channels_.test(u8(rest[1]));
  if (in_order_ && expected) return Guess::Yes;
  std::size_t size = static_cast<std::size_t>(u8(rest[2]) << 8 | u8(rest[3]));
  if (!in_order_) {
    if (!expected || size < kSmallestPacket) return Guess::No;
    if (rest.size() == kInterleavedHeader) return Guess::TooShort;
    if (u8(rest[kInterleavedHeader]) >> 6 != 2) return Guess::No;
  }
  std::size_t end = kInterleavedHeader + size;
  return rest.size() <= end || may_begin_unit(rest[end]) ? Guess::Yes : Guess::No;
}

Result<Splitter::Unit> Splitter::take_packet(MutableBytes rest, SplitterEvents &events) {
  if (rest.size() < kInterleavedHeader) return Unit{};
  std::size_t size = static_cast<std::size_t>(u8(rest[2]) << 8 | u8(rest[3]));
  std::size_t end = kInterleavedHeader + size;
  if (rest.size() < end) {
    wanted_ = end;
    return Unit{};
  }
  found_order(events);
  bool go_on = events.on_packet(u8(rest[1]), rest.subspan(kInterleavedHeader, size));
  return Unit{go_on ? Step::Consumed : Step::Stop, end};
}

Result<Splitter::Unit> Splitter::take_message(MutableBytes rest, SplitterEvents &events) {
  Message message;
  std::size_t body = 0;
  auto read_head = [&]() -> Status {
    if (head_bytes_ == 0) SLUICE_TRY_VOID(find_head_end(text_of(rest)));
    if (head_bytes_ == 0) return {};
    SLUICE_TRY_VOID(parse_head(rest.first(head_bytes_), message));
    SLUICE_TRY(size, body_size(message));
    body = size;
    return {};
  };
  if (Status head = read_head(); !head) {
    // Once packets are expected, text that breaks off in the middle is torn data.
    if (peer_ == Peer::Server && channels_.any()) return take_garbage(rest, scanned_);
    return base::fail(head.error());
  }
  if (head_bytes_ == 0) return Unit{};
  std::size_t end = head_bytes_ + body;
  if (rest.size() < end) {
    wanted_ = end;
    return Unit{};
  }
  message.body = text_of(rest.subspan(head_bytes_, body));
  found_order(events);
  bool go_on = events.on_message(message);
  return Unit{go_on ? Step::Consumed : Step::Stop, end};
}

// At least so many bytes, and further to where a packet or message may begin.
Result<Splitter::Unit> Splitter::take_garbage(MutableBytes rest, std::size_t at_least) {
  if (!found_any_) return malformed("the peer does not speak RTSP");
  wanted_ = scanned_ = head_bytes_ = 0;
  in_order_ = false;
  std::size_t size = std::clamp<std::size_t>(at_least, 1, rest.size());
  while (size < rest.size() && guess(rest.subspan(size)) == Guess::No)
    ++size;
  skipped_ += size;
  if (skipped_ > limits_.max_skipped_bytes) return malformed("no order is found in RTSP's bytes");
  return Unit{Step::Consumed, size};
}

void Splitter::found_order(SplitterEvents &events) {
  wanted_ = scanned_ = head_bytes_ = 0;
  in_order_ = true;
  found_any_ = true;
  if (skipped_ != 0) events.on_skipped(std::exchange(skipped_, 0));
}

// Sets head_bytes_ when the empty line is there. Only the line that has not ended yet is looked at
// again with the next input. After an error scanned_ is where a message could begin at the
// earliest, so that hostile text is not gone over again and again.
Status Splitter::find_head_end(std::string_view rest) {
  while (head_bytes_ == 0) {
    std::size_t start = scanned_;
    std::size_t end = std::min(rest.find('\n', start), rest.size());
    std::string_view line = rest.substr(start, end - start);
    scanned_ = end;
    if (line.size() > limits_.max_line_bytes) return too_large("an RTSP line is too long");
    if (end > limits_.max_head_bytes) return too_large("an RTSP head is too long");
    bool with_return = line.ends_with('\r');
    if (with_return) line.remove_suffix(1);
    if (const auto *control = std::ranges::find_if(line, is_control); control != line.end()) {
      scanned_ = start + static_cast<std::size_t>(control - line.begin());
      // It may be the channel of a packet.
      if (scanned_ != 0 && rest[scanned_ - 1] == '$') --scanned_;
      return malformed("an RTSP head has a control character");
    }
    if (end == rest.size()) {
      scanned_ = start;
      return {};
    }
    if (!with_return && peer_ == Peer::Client) return malformed("an RTSP line ends without CR");
    Message ignored;
    if (start == 0) SLUICE_TRY_VOID(parse_start_line(line, ignored));
    ++scanned_;
    if (line.empty()) head_bytes_ = scanned_;
  }
  return {};
}

Status Splitter::parse_head(MutableBytes head, Message &message) {
  if (peer_ == Peer::Server) unfold(head);
  std::string_view text = text_of(head);
  fields_.clear();
  SLUICE_TRY_VOID(parse_start_line(take_line(text), message));
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (!line.empty()) SLUICE_TRY_VOID(parse_field(line));
  }
  message.fields = fields_;
  return {};
}

// Sections 6.1 and 7.1. A camera's status line may lack the reason.
Status Splitter::parse_start_line(std::string_view line, Message &message) const {
  std::string_view rest = line;
  std::string_view first = take_word(rest);
  if (first.starts_with("RTSP/") || first.starts_with("HTTP/")) {
    std::string_view status = take_word(rest);
    auto number = parse_decimal(status, 999);
    if (!is_protocol(first) || status.size() != 3 || !number || *number < 100) {
      return malformed("an RTSP status line is malformed");
    }
    message.protocol = first;
    message.status = static_cast<std::uint16_t>(*number);
    message.reason = trim(rest);
    return {};
  }
  message.is_request = true;
  message.method = first;
  message.uri = take_word(rest);
  message.protocol = peer_ == Peer::Server ? trim(rest) : rest;
  if (!is_token(first) || message.uri.empty() || !is_protocol(message.protocol)) {
    return malformed("an RTSP request line is malformed");
  }
  return {};
}

// Section 4.2. Of a camera's lines, those that are no field are left out.
Status Splitter::parse_field(std::string_view line) {
  std::size_t colon = line.find(':');
  std::string_view name = line.substr(0, colon);
  if (peer_ == Peer::Server) {
    name = trim(name);
    if (colon == std::string_view::npos || name.empty()) return {};
  } else if (colon == std::string_view::npos || !is_token(name)) {
    return malformed("an RTSP header field is malformed");
  }
  if (fields_.size() == limits_.max_fields) return too_large("RTSP head has too many fields");
  fields_.push_back({.name = name, .value = trim(line.substr(colon + 1))});
  return {};
}

// Section 12.14: digits, and every repetition the same number.
Result<std::size_t> Splitter::body_size(const Message &message) const {
  if (message.protocol.starts_with("HTTP/")) return 0;
  std::optional<std::uint64_t> size;
  for (const Field &field : message.fields) {
    if (!equal_ignoring_case(field.name, "Content-Length")) continue;
    std::string_view value = field.value;
    if (value.empty() && peer_ == Peer::Server) continue;
    if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) {
      return malformed("RTSP Content-Length is not a number");
    }
    auto number = parse_decimal(value, limits_.max_body_bytes);
    if (!number) return too_large("RTSP body is too long");
    if (size && size != number) return malformed("RTSP Content-Length is there twice");
    size = number;
  }
  return static_cast<std::size_t>(size.value_or(0));
}

std::string make_request(std::string_view method, std::string_view uri, std::uint32_t cseq,
                         std::span<const Field> fields, std::string_view body) {
  std::string out(method);
  out += ' ';
  append_clean(out, uri);
  out += " RTSP/1.0\r\nCSeq: " + std::to_string(cseq) + "\r\n";
  append_fields(out, fields, body);
  return out;
}

std::string make_response(std::uint16_t status, std::string_view cseq,
                          std::span<const Field> fields, std::string_view body) {
  std::string out = "RTSP/1.0 " + std::to_string(status) + ' ';
  out += reason_phrase(status);
  out += "\r\n";
  if (!cseq.empty()) {
    out += "CSeq: ";
    append_clean(out, cseq);
    out += "\r\n";
  }
  append_fields(out, fields, body);
  return out;
}

std::string_view reason_phrase(std::uint16_t status) {
  struct Row {
    std::uint16_t status;
    std::string_view phrase;
  };
  static constexpr Row kRows[] = {
      {100, "Continue"},
      {200, "OK"},
      {301, "Moved Permanently"},
      {302, "Moved Temporarily"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Time-out"},
      {413, "Request Entity Too Large"},
      {415, "Unsupported Media Type"},
      {451, "Parameter Not Understood"},
      {453, "Not Enough Bandwidth"},
      {454, "Session Not Found"},
      {455, "Method Not Valid in This State"},
      {457, "Invalid Range"},
      {459, "Aggregate Operation Not Allowed"},
      {460, "Only Aggregate Operation Allowed"},
      {461, "Unsupported Transport"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {505, "RTSP Version Not Supported"},
      {551, "Option not supported"},
  };
  const auto *row = std::ranges::find(kRows, status, &Row::status);
  return row == std::end(kRows) ? "Unknown" : row->phrase;
}

std::array<std::byte, kInterleavedHeader> interleaved_header(std::uint8_t channel,
                                                             std::uint16_t size) {
  std::array<std::byte, kInterleavedHeader> head{};
  base::put_u16(base::put_u8(base::put_u8(head.data(), '$'), channel), size);
  return head;
}

}  // namespace sluice::wire::rtsp
