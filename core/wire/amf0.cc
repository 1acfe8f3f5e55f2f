// SPDX-License-Identifier: Apache-2.0
#include "wire/amf0.h"

#include <algorithm>
#include <utility>

#include "wire/amf3.h"

namespace sluice::wire::amf {
namespace {

using base::ByteReader;
using base::Bytes;
using base::Code;
using base::Domain;
using base::Result;
using base::Status;

// Section 2.1.
enum Marker : std::uint8_t {
  kNumber = 0x00,
  kBoolean = 0x01,
  kString = 0x02,
  kObject = 0x03,
  kNull = 0x05,
  kUndefined = 0x06,
  kReference = 0x07,
  kEcmaArray = 0x08,
  kObjectEnd = 0x09,
  kStrictArray = 0x0a,
  kDate = 0x0b,
  kLongString = 0x0c,
  kUnsupported = 0x0d,
  kXml = 0x0f,
  kTypedObject = 0x10,
  kAvmPlus = 0x11,
};

constexpr std::size_t kMaxShortText = 0xffff;

Status truncated() { return base::fail(Domain::Wire, Code::Truncated, "AMF ends inside a value"); }
Status too_large(const char *what) { return base::fail(Domain::Wire, Code::TooLarge, what); }

// One value and what is inside it. Recursion is bounded by Limits::depth.
class Reader {
 public:
  Reader(ByteReader &in, Limits &limits) : in_(in), limits_(limits) {}

  Status value(Value &out);

 private:
  Status scalar(std::uint8_t marker, Value &out);
  Status nested(std::uint8_t marker, Value &out);
  Status text(std::size_t size, std::string &out);
  Status members(Value &out);
  Status items(Value &out);

  ByteReader &in_;
  Limits &limits_;
};

Status Reader::value(Value &out) {
  if (!limits_.spend_item()) return too_large("AMF has too many values");
  std::uint8_t marker = in_.u8();
  if (!in_.ok()) return truncated();
  switch (marker) {
    case kObject:
    case kEcmaArray:
    case kStrictArray:
    case kTypedObject:
    case kAvmPlus: {
      if (limits_.depth == 0) return too_large("AMF is nested too deep");
      --limits_.depth;
      Status status = nested(marker, out);
      ++limits_.depth;
      return status;
    }
    default:
      return scalar(marker, out);
  }
}

Status Reader::scalar(std::uint8_t marker, Value &out) {
  Status status;
  switch (marker) {
    case kNumber:
      out = Value(in_.f64());
      break;
    case kBoolean:
      out = Value(in_.u8() != 0);
      break;
    case kString:
      out = Value(Kind::String);
      status = text(in_.u16(), out.text);
      break;
    case kLongString:
      out = Value(Kind::String);
      status = text(in_.u32(), out.text);
      break;
    case kXml:
      out = Value(Kind::Xml);
      status = text(in_.u32(), out.text);
      break;
    case kDate:
      out = Value(Kind::Date);
      out.number = in_.f64();
      in_.skip(2);  // A time zone that section 2.13 says to ignore.
      break;
    case kReference:
      in_.skip(2);
      out = Value(Kind::Undefined);
      break;
    case kNull:
      out = Value(Kind::Null);
      break;
    case kUndefined:
    case kUnsupported:
      out = Value(Kind::Undefined);
      break;
    default:
      return base::fail(Domain::Wire, Code::Malformed, "AMF has an unknown type marker");
  }
  if (!in_.ok()) return truncated();
  return status;
}

Status Reader::nested(std::uint8_t marker, Value &out) {
  switch (marker) {
    case kAvmPlus: {
      SLUICE_TRY(decoded, read_amf3(in_, limits_));
      out = std::move(decoded);
      return {};
    }
    case kStrictArray:
      out = Value(Kind::StrictArray);
      return items(out);
    case kEcmaArray:
      out = Value(Kind::EcmaArray);
      in_.skip(4);  // A count of members; many encoders write 0 or a wrong one.
      return members(out);
    case kTypedObject:
      out = Value(Kind::TypedObject);
      SLUICE_TRY_VOID(text(in_.u16(), out.text));
      return members(out);
    default:
      out = Value(Kind::Object);
      return members(out);
  }
}

Status Reader::text(std::size_t size, std::string &out) {
  Bytes bytes = in_.take(size);
  if (!in_.ok()) return truncated();
  if (!limits_.spend_text(size)) return too_large("AMF has too much text");
  out = base::as_text(bytes);
  return {};
}

Status Reader::members(Value &out) {
  while (in_.ok() && in_.left() > 0) {
    std::uint16_t size = in_.u16();
    if (size == 0 && in_.left() > 0 && in_.rest().front() == std::byte{kObjectEnd}) {
      in_.skip(1);
      return {};
    }
    Member &member = out.members.emplace_back();
    SLUICE_TRY_VOID(text(size, member.key));
    SLUICE_TRY_VOID(value(member.value));
  }
  return in_.ok() ? Status{} : truncated();
}

Status Reader::items(Value &out) {
  std::uint32_t count = in_.u32();
  // Each value takes a byte at least, so a count beyond the input is a lie.
  if (!in_.ok() || count > in_.left()) return truncated();
  for (std::uint32_t i = 0; i < count; ++i) {
    SLUICE_TRY_VOID(value(out.members.emplace_back().value));
  }
  return {};
}

}  // namespace

Result<Value> read(ByteReader &in, Limits &limits) {
  Value value;
  SLUICE_TRY_VOID(Reader(in, limits).value(value));
  return value;
}

Result<std::vector<Value>> read_all(Bytes body, Limits limits) {
  ByteReader in(body);
  std::vector<Value> values;
  while (in.left() > 0) {
    SLUICE_TRY(value, read(in, limits));
    values.push_back(std::move(value));
  }
  return values;
}

void Writer::number(double v) {
  out_.u8(kNumber);
  out_.f64(v);
}

void Writer::boolean(bool v) {
  out_.u8(kBoolean);
  out_.u8(v ? 1 : 0);
}

void Writer::string(std::string_view v) {
  if (v.size() > kMaxShortText) {
    out_.u8(kLongString);
    out_.u32(static_cast<std::uint32_t>(v.size()));
  } else {
    out_.u8(kString);
    out_.u16(static_cast<std::uint16_t>(v.size()));
  }
  out_.text(v);
}

void Writer::null() { out_.u8(kNull); }
void Writer::undefined() { out_.u8(kUndefined); }
void Writer::begin_object() { out_.u8(kObject); }

void Writer::begin_ecma_array(std::uint32_t count) {
  out_.u8(kEcmaArray);
  out_.u32(count);
}

void Writer::begin_strict_array(std::uint32_t count) {
  out_.u8(kStrictArray);
  out_.u32(count);
}

void Writer::key(std::string_view v) {
  v = v.substr(0, kMaxShortText);
  out_.u16(static_cast<std::uint16_t>(v.size()));
  out_.text(v);
}

void Writer::end_object() {
  out_.u16(0);
  out_.u8(kObjectEnd);
}

void Writer::members(const Value &v) {
  for (const Member &member : v.members) {
    key(member.key);
    value(member.value);
  }
  end_object();
}

void Writer::value(const Value &v) {
  switch (v.kind) {
    case Kind::Number:
      return number(v.number);
    case Kind::Boolean:
      return boolean(v.boolean);
    case Kind::String:
      return string(v.text);
    case Kind::Null:
      return null();
    case Kind::Object:
    case Kind::TypedObject:
      begin_object();
      return members(v);
    case Kind::EcmaArray:
      begin_ecma_array(static_cast<std::uint32_t>(v.members.size()));
      return members(v);
    case Kind::StrictArray:
      begin_strict_array(static_cast<std::uint32_t>(v.members.size()));
      for (const Member &item : v.members)
        value(item.value);
      return;
    case Kind::Date:
      out_.u8(kDate);
      out_.f64(v.number);
      return out_.u16(0);
    case Kind::Xml:
      out_.u8(kXml);
      out_.u32(static_cast<std::uint32_t>(v.text.size()));
      return out_.text(v.text);
    case Kind::Undefined:
    case Kind::ByteArray:
      return undefined();
  }
}

}  // namespace sluice::wire::amf
