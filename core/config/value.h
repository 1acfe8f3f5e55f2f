// SPDX-License-Identifier: Apache-2.0
// Values as the file writes them: "10s", "64KiB", "4096", "same-address". Reading says in words
// what is wrong; writing gives the shortest spelling that reads back as the same value.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/schema.h"

namespace sluice::config {

template <class T>
using Parsed = std::expected<T, std::string>;  // or the problem, as the end of a sentence

Parsed<std::uint64_t> parse_count(std::string_view text);
Parsed<std::uint64_t> parse_size(std::string_view text);      // bytes
Parsed<std::uint64_t> parse_duration(std::string_view text);  // milliseconds

std::string write_size(std::uint64_t bytes);
std::string write_duration(Millis duration);

// The words of an enumeration, in the order of its values.
template <class E>
inline constexpr std::array<std::string_view, 0> kWords{};
template <>
inline constexpr std::array<std::string_view, 4> kWords<base::log::Level>{"debug", "info",
                                                                          "warning", "error"};
template <>
inline constexpr std::array<std::string_view, 2> kWords<base::log::Format>{"text", "json"};
template <>
inline constexpr std::array<std::string_view, 3> kWords<PublishPolicy>{"refuse", "same-address",
                                                                       "always"};
template <>
inline constexpr std::array<std::string_view, 2> kWords<SoundTranscode>{"needed", "never"};
template <>
inline constexpr std::array<std::string_view, 2> kWords<SoundInFlv>{"carried", "aac"};
template <>
inline constexpr std::array<std::string_view, 2> kWords<H265InFlv>{"enhanced", "legacy"};
template <>
inline constexpr std::array<std::string_view, 2> kWords<HlsSession>{"path", "cookie"};
template <>
inline constexpr std::array<std::string_view, 2> kWords<TlsMinVersion>{"1.2", "1.3"};
template <>
inline constexpr std::array<std::string_view, 2> kWords<TlsKernel>{"auto", "off"};
template <>
inline constexpr std::array<std::string_view, 5> kWords<SourceTransport>{"auto", "tcp", "udp",
                                                                         "multicast", "http"};
template <>
inline constexpr std::array<std::string_view, 2> kWords<Damaged>{"drop", "pass"};
template <>
inline constexpr std::array<std::string_view, 2> kWords<bool>{"false", "true"};

// With backslashes for quotes, backslashes and control characters, as YAML has them.
std::string escape(std::string_view text);

// A YAML double-quoted scalar.
std::string quote(std::string_view text);

// A value for people's eyes in a message: quoted, shortened, with control characters escaped.
std::string show(std::string_view text);

// The value in a slot as YAML, a secret as "***" when it is not empty; empty for an override that
// is not set.
std::string write_value(const Field &field, const Slot &slot);

// The same with every secret as it is: for a file that only the node reads.
std::string write_value_in_clear(const Field &field, const Slot &slot);

// The range or the words that a key takes, for documents: "100ms to 10m", "refuse, same-address or
// always"; empty when anything goes.
std::string describe_range(const Field &field);

// Its type in a word or two: "duration", "list of addresses".
std::string_view describe_type(const Field &field);

// How that type writes a number: with a unit for sizes and durations.
std::string write_number(const Slot &slot, std::uint64_t number);

}  // namespace sluice::config
