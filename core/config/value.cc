// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <span>

#include "config/source_url.h"

namespace sluice::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first, because the first one that divides a value writes it.
constexpr Unit kDurationUnits[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit kSizeUnits[] = {{"GiB", kGiB}, {"MiB", kMiB},         {"KiB", kKiB},
                               {"B", 1},      {"GB", 1'000'000'000}, {"MB", 1'000'000},
                               {"KB", 1'000}, {"kB", 1'000}};

struct Number {
  std::uint64_t value = 0;
  std::string_view unit;  // what stands behind the digits
};

Parsed<Number> split_number(std::string_view text, std::string_view examples) {
  Number number;
  const char *end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number.value);
  if (error == std::errc::result_out_of_range) return std::unexpected("is far too large");
  if (error != std::errc()) {
    return std::unexpected(fmt::format("must be a whole number{}", examples));
  }
  number.unit = {stop, static_cast<std::size_t>(end - stop)};
  return number;
}

Parsed<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units,
                                      std::string_view examples, std::string_view likely) {
  const auto number = split_number(text, examples);
  if (!number) return std::unexpected(number.error());
  if (number->unit.empty()) {
    return std::unexpected(fmt::format("has no unit; write {}{} if that is meant", text, likely));
  }
  for (const Unit &unit : units) {
    if (unit.name != number->unit) continue;
    if (number->value > std::numeric_limits<std::int64_t>::max() / unit.factor) {
      return std::unexpected("is far too large");
    }
    return number->value * unit.factor;
  }
  return std::unexpected(fmt::format("must be a whole number{}", examples));
}

std::string write_with_unit(std::uint64_t value, std::span<const Unit> units,
                            std::string_view unit_of_zero) {
  if (value == 0) return fmt::format("0{}", unit_of_zero);
  for (const Unit &unit : units) {
    if (value % unit.factor == 0) return fmt::format("{}{}", value / unit.factor, unit.name);
  }
  return {};
}

template <class E>
std::string write_word(E value) {
  return std::string(kWords<E>[static_cast<std::size_t>(value)]);
}

template <class E>
std::string list_words() {
  std::string text;
  const auto &words = kWords<E>;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string write_list(const std::vector<std::string> &list) {
  std::string text = "[";
  for (const std::string &item : list) {
    if (text.size() > 1) text += ", ";
    text += quote(item);
  }
  return text + "]";
}

// One as it is, several as a list; empty for none.
std::string write_urls(const std::vector<std::string> &urls) {
  if (urls.empty()) return {};
  return urls.size() == 1 ? quote(urls.front()) : write_list(urls);
}

struct ValueWriter {
  std::string operator()(const std::string *v) const { return quote(*v); }
  std::string operator()(const std::vector<std::string> *v) const { return write_list(*v); }
  std::string operator()(const std::uint32_t *v) const { return fmt::format("{}", *v); }
  std::string operator()(const std::uint64_t *v) const { return write_size(*v); }
  std::string operator()(const Millis *v) const { return write_duration(*v); }
  template <class E>
  std::string operator()(const std::optional<E> *v) const {
    return *v ? (*this)(&**v) : std::string();
  }
  template <class E>
  std::string operator()(const E *v) const {
    return write_word(*v);
  }
};

struct RangeWriter {
  const Field &field;
  const Slot &slot;

  std::string operator()(const std::string *) const { return {}; }
  std::string operator()(const std::vector<std::string> *) const { return {}; }
  std::string operator()(const std::uint32_t *) const { return numbers(); }
  std::string operator()(const std::uint64_t *) const { return numbers(); }
  std::string operator()(const Millis *) const { return numbers(); }
  template <class E>
  std::string operator()(const std::optional<E> *) const {
    return (*this)(static_cast<const E *>(nullptr));
  }
  template <class E>
  std::string operator()(const E *) const {
    return list_words<E>();
  }

  std::string numbers() const {
    std::string text = write_number(slot, field.min) + " to " + write_number(slot, field.max);
    if (!field.zero.empty()) text = fmt::format("{}, or {}", field.zero, text);
    return text;
  }
};

struct TypeName {
  std::string_view operator()(const std::string *) const { return "text"; }
  std::string_view operator()(const std::vector<std::string> *) const { return "list of text"; }
  std::string_view operator()(const std::uint32_t *) const { return "count"; }
  std::string_view operator()(const std::uint64_t *) const { return "size"; }
  std::string_view operator()(const Millis *) const { return "duration"; }
  template <class E>
  std::string_view operator()(const std::optional<E> *) const {
    return (*this)(static_cast<const E *>(nullptr));
  }
  template <class E>
  std::string_view operator()(const E *) const {
    return "word";
  }
};

// A slot to look at when only its type matters.
Slot any_slot(const Field &field) {
  static Config config;
  static StreamOverrides overrides;
  return field.is_override() ? field.override_slot(overrides) : field.slot(config);
}

}  // namespace

Parsed<std::uint64_t> parse_count(std::string_view text) {
  const auto number = split_number(text, "");
  if (!number) return std::unexpected(number.error());
  if (!number->unit.empty()) return std::unexpected("must be a whole number without a unit");
  return number->value;
}

Parsed<std::uint64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizeUnits, " with a unit, such as 64KiB, 2MiB or 1MB", "B");
}

Parsed<std::uint64_t> parse_duration(std::string_view text) {
  return parse_with_unit(text, kDurationUnits, " with a unit, such as 500ms, 10s, 1m or 2h", "s");
}

std::string write_size(std::uint64_t bytes) { return write_with_unit(bytes, kSizeUnits, "B"); }

std::string write_duration(Millis duration) {
  return write_with_unit(static_cast<std::uint64_t>(duration.count()), kDurationUnits, "s");
}

std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      escaped.append({'\\', c});
    } else if (byte < 0x20 || byte == 0x7f) {
      escaped += fmt::format("\\x{:02x}", byte);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string quote(std::string_view text) { return "\"" + escape(text) + "\""; }

std::string show(std::string_view text) {
  constexpr std::size_t kMax = 64;
  if (text.size() <= kMax) return quote(text);
  std::size_t cut = kMax;  // not inside of a UTF-8 sequence
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
    --cut;
  return quote(text.substr(0, cut)) + "...";
}

std::string write_value(const Field &field, const Slot &slot) {
  if (field.has_urls()) {
    std::vector<std::string> shown;
    for (const std::string &url : *std::get<std::vector<std::string> *>(slot))
      shown.push_back(redact_url(url));
    return write_urls(shown);
  }
  if (field.is_secret()) {
    const auto *secret = std::get<std::string *>(slot);
    return secret->empty() ? quote("") : quote("***");
  }
  if (field.is_override()) {
    const auto *const *list = std::get_if<std::vector<std::string> *>(&slot);
    if (list != nullptr && (*list)->empty()) return {};
  }
  if (!field.zero.empty() && *std::get<std::uint32_t *>(slot) == 0) return std::string(field.zero);
  return std::visit(ValueWriter(), slot);
}

std::string write_value_in_clear(const Field &field, const Slot &slot) {
  if (field.has_urls()) return write_urls(*std::get<std::vector<std::string> *>(slot));
  if (field.is_secret()) return quote(*std::get<std::string *>(slot));
  return write_value(field, slot);
}

std::string describe_range(const Field &field) {
  const Slot slot = any_slot(field);
  return std::visit(RangeWriter{field, slot}, slot);
}

std::string_view describe_type(const Field &field) {
  if (field.has_urls()) return "URL or list of URLs";
  return std::visit(TypeName(), any_slot(field));
}

std::string write_number(const Slot &slot, std::uint64_t number) {
  if (std::holds_alternative<Millis *>(slot) ||
      std::holds_alternative<std::optional<Millis> *>(slot)) {
    return write_duration(Millis(static_cast<std::int64_t>(number)));
  }
  if (std::holds_alternative<std::uint64_t *>(slot)) return write_size(number);
  return fmt::format("{}", number);
}

}  // namespace sluice::config
