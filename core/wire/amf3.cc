// SPDX-License-Identifier: Apache-2.0
#include "wire/amf3.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::wire::amf {
namespace {

using base::ByteReader;
using base::Bytes;
using base::Code;
using base::Domain;
using base::Result;
using base::Status;

// Section 3.1.
enum Marker : std::uint8_t {
  kUndefined = 0x00,
  kNull = 0x01,
  kFalse = 0x02,
  kTrue = 0x03,
  kInteger = 0x04,
  kDouble = 0x05,
  kString = 0x06,
  kXmlDocument = 0x07,
  kDate = 0x08,
  kArray = 0x09,
  kObject = 0x0a,
  kXml = 0x0b,
  kByteArray = 0x0c,
};

Status truncated() { return base::fail(Domain::Wire, Code::Truncated, "AMF ends inside a value"); }
Status malformed(const char *what) { return base::fail(Domain::Wire, Code::Malformed, what); }
Status too_large(const char *what) { return base::fail(Domain::Wire, Code::TooLarge, what); }

// What an object's class says about its members (section 3.12). Views into the input.
struct Traits {
  std::string_view class_name;
  std::vector<std::string_view> sealed;
  bool dynamic = false;
};

// One value and what is inside it. Recursion is bounded by Limits::depth; the caller has taken the
// first level and the first item.
class Reader {
 public:
  Reader(ByteReader &in, Limits &limits) : in_(in), limits_(limits) {}

  Status value(Value &out);

 private:
  Status child(Value &out);
  Status block(Kind kind, Value &out);
  Status date(Value &out);
  Status array(Value &out);
  Status object(Value &out);
  Status traits(std::uint32_t head, std::size_t &index);
  Status keyed_members(Value &out);
  Status text(std::string_view &out);
  std::uint32_t u29();

  ByteReader &in_;
  Limits &limits_;
  std::vector<std::string_view> strings_;
  std::vector<Traits> traits_;
};

// Section 1.3.1: seven bits a byte, eight in the fourth.
std::uint32_t Reader::u29() {
  std::uint32_t value = 0;
  for (int i = 0; i < 3; ++i) {
    std::uint8_t byte = in_.u8();
    value = value << 7 | (byte & 0x7fU);
    if ((byte & 0x80U) == 0) return value;
  }
  return value << 8 | in_.u8();
}

Status Reader::text(std::string_view &out) {
  std::uint32_t head = u29();
  if (!in_.ok()) return truncated();
  if ((head & 1U) == 0) {
    if (head >> 1 >= strings_.size()) return malformed("AMF3 refers to a string that is not there");
    out = strings_[head >> 1];
  } else {
    out = base::as_text(in_.take(head >> 1));
    if (!in_.ok()) return truncated();
    if (!out.empty()) strings_.push_back(out);
  }
  return limits_.spend_text(out.size()) ? Status{} : too_large("AMF has too much text");
}

Status Reader::value(Value &out) {
  std::uint8_t marker = in_.u8();
  if (!in_.ok()) return truncated();
  out = Value();
  switch (marker) {
    case kUndefined:
      return {};
    case kNull:
      out.kind = Kind::Null;
      return {};
    case kFalse:
    case kTrue:
      out = Value(marker == kTrue);
      return {};
    case kInteger: {
      std::uint32_t raw = u29();
      auto number = static_cast<std::int32_t>(raw << 3) >> 3;
      out = Value(static_cast<double>(number));
      break;
    }
    case kDouble:
      out = Value(in_.f64());
      break;
    case kString: {
      std::string_view view;
      SLUICE_TRY_VOID(text(view));
      out = Value(view);
      return {};
    }
    case kXmlDocument:
    case kXml:
      return block(Kind::Xml, out);
    case kByteArray:
      return block(Kind::ByteArray, out);
    case kDate:
      return date(out);
    case kArray:
      return array(out);
    case kObject:
      return object(out);
    default:
      return base::fail(Domain::Wire, Code::Unsupported, "AMF3 has a type marker that is not read");
  }
  return in_.ok() ? Status{} : truncated();
}

// A value inside another one.
Status Reader::child(Value &out) {
  if (!limits_.spend_item()) return too_large("AMF has too many values");
  if (limits_.depth == 0) return too_large("AMF is nested too deep");
  --limits_.depth;
  Status status = value(out);
  ++limits_.depth;
  return status;
}

// XML or a byte array: a length and bytes, or a reference.
Status Reader::block(Kind kind, Value &out) {
  std::uint32_t head = u29();
  if ((head & 1U) != 0) {
    out.kind = kind;
    Bytes bytes = in_.take(head >> 1);
    if (in_.ok() && !limits_.spend_text(bytes.size())) return too_large("AMF has too much text");
    out.text = base::as_text(bytes);
  }
  return in_.ok() ? Status{} : truncated();
}

Status Reader::date(Value &out) {
  std::uint32_t head = u29();
  if ((head & 1U) != 0) {
    out.kind = Kind::Date;
    out.number = in_.f64();
  }
  return in_.ok() ? Status{} : truncated();
}

// Keys and values until an empty key.
Status Reader::keyed_members(Value &out) {
  while (true) {
    std::string_view key;
    SLUICE_TRY_VOID(text(key));
    if (key.empty()) return {};
    Member &member = out.members.emplace_back();
    member.key = key;
    SLUICE_TRY_VOID(child(member.value));
  }
}

Status Reader::array(Value &out) {
  std::uint32_t head = u29();
  if (!in_.ok()) return truncated();
  if ((head & 1U) == 0) return {};
  SLUICE_TRY_VOID(keyed_members(out));
  out.kind = out.members.empty() ? Kind::StrictArray : Kind::EcmaArray;
  std::uint32_t count = head >> 1;
  if (count > in_.left()) return truncated();  // each value takes a byte at least
  for (std::uint32_t i = 0; i < count; ++i) {
    Member &member = out.members.emplace_back();
    if (out.kind == Kind::EcmaArray) member.key = std::to_string(i);
    SLUICE_TRY_VOID(child(member.value));
  }
  return {};
}

// The index in traits_ of the traits that `head` defines or refers to.
Status Reader::traits(std::uint32_t head, std::size_t &index) {
  if ((head & 2U) == 0) {
    index = head >> 2;
    return index < traits_.size() ? Status{}
                                  : malformed("AMF3 refers to traits that are not there");
  }
  if ((head & 4U) != 0) {
    return base::fail(Domain::Wire, Code::Unsupported, "AMF3 has an externalizable object");
  }
  Traits read{.class_name = {}, .sealed = {}, .dynamic = (head & 8U) != 0};
  SLUICE_TRY_VOID(text(read.class_name));
  std::uint32_t count = head >> 4;
  if (count > in_.left()) return truncated();
  for (std::uint32_t i = 0; i < count; ++i)
    SLUICE_TRY_VOID(text(read.sealed.emplace_back()));
  index = traits_.size();
  traits_.push_back(std::move(read));
  return {};
}

Status Reader::object(Value &out) {
  std::uint32_t head = u29();
  if (!in_.ok()) return truncated();
  if ((head & 1U) == 0) return {};
  std::size_t index = 0;
  SLUICE_TRY_VOID(traits(head, index));
  out.kind = traits_[index].class_name.empty() ? Kind::Object : Kind::TypedObject;
  if (!limits_.spend_text(traits_[index].class_name.size()))
    return too_large("AMF has too much text");
  out.text = traits_[index].class_name;
  // By index: a member may define further traits.
  for (std::size_t i = 0; i < traits_[index].sealed.size(); ++i) {
    Member &member = out.members.emplace_back();
    member.key = traits_[index].sealed[i];
    if (!limits_.spend_text(member.key.size())) return too_large("AMF has too much text");
    SLUICE_TRY_VOID(child(member.value));
  }
  return traits_[index].dynamic ? keyed_members(out) : Status{};
}

}  // namespace

Result<Value> read_amf3(ByteReader &in, Limits &limits) {
  Value value;
  SLUICE_TRY_VOID(Reader(in, limits).value(value));
  return value;
}

}  // namespace sluice::wire::amf
