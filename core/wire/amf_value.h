// SPDX-License-Identifier: Apache-2.0
// Value: what AMF0 and AMF3 decode to. One type for both, because RTMP peers mix them freely. A
// value owns its text and members, and the limits below bound how large and how deep a tree can
// become, whatever its bytes claim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::wire::amf {

enum class Kind : std::uint8_t {
  Undefined,
  Null,
  Boolean,
  Number,
  String,
  Object,       // members with keys
  EcmaArray,    // the same; AMF3 arrays with keys decode to it too
  StrictArray,  // members with empty keys
  Date,         // number: milliseconds since 1970
  Xml,          // text
  TypedObject,  // members with keys, text is the class name
  ByteArray,    // text; AMF3 only
};

struct Member;

struct Value {
  Kind kind = Kind::Undefined;
  bool boolean = false;
  double number = 0;
  std::string text;
  std::vector<Member> members;

  // Defined below, where Member is complete.
  Value();
  explicit Value(Kind k);
  explicit Value(bool v);
  explicit Value(double v);
  explicit Value(std::string_view v);
  explicit Value(const char *v);

  [[nodiscard]] bool has_members() const {
    return kind == Kind::Object || kind == Kind::EcmaArray || kind == Kind::TypedObject;
  }
  // Empty when the value is of another kind. A boolean is a number too, 0 or 1: cameras write both.
  [[nodiscard]] std::optional<double> as_number() const;
  [[nodiscard]] std::optional<bool> as_boolean() const;
  [[nodiscard]] std::optional<std::string_view> as_string() const;
  // The first member of that name, or nullptr; also nullptr for kinds without keys.
  [[nodiscard]] const Value *find(std::string_view key) const;
};

struct Member {
  std::string key;
  Value value;
};

inline Value::Value() = default;
inline Value::Value(Kind k) : kind(k) {}
inline Value::Value(bool v) : kind(Kind::Boolean), boolean(v) {}
inline Value::Value(double v) : kind(Kind::Number), number(v) {}
inline Value::Value(std::string_view v) : kind(Kind::String), text(v) {}
inline Value::Value(const char *v) : Value(std::string_view(v)) {}

// Bounds of one decoding, which may be of several values: they are shared by all values of a
// message.
struct Limits {
  std::uint32_t depth = 16;
  std::uint32_t items = 1024;             // values of any kind, at any depth
  std::uint32_t text_bytes = 256 * 1024;  // keys and strings, references counted each time

  // For the readers: take from what is left, or say that it does not suffice.
  [[nodiscard]] bool spend_item() { return items > 0 && items-- > 0; }
  [[nodiscard]] bool spend_text(std::size_t bytes) {
    if (bytes > text_bytes) return false;
    text_bytes -= static_cast<std::uint32_t>(bytes);
    return true;
  }
};

}  // namespace sluice::wire::amf
