// SPDX-License-Identifier: Apache-2.0
#include "wire/amf_value.h"

namespace sluice::wire::amf {

std::optional<double> Value::as_number() const {
  if (kind == Kind::Number || kind == Kind::Date) return number;
  if (kind == Kind::Boolean) return boolean ? 1.0 : 0.0;
  return {};
}

std::optional<bool> Value::as_boolean() const {
  if (kind == Kind::Boolean) return boolean;
  if (kind == Kind::Number) return number != 0;
  return {};
}

std::optional<std::string_view> Value::as_string() const {
  if (kind == Kind::String) return text;
  return {};
}

const Value *Value::find(std::string_view key) const {
  if (!has_members()) return nullptr;
  for (const Member &member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

}  // namespace sluice::wire::amf
