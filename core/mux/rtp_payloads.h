// SPDX-License-Identifier: Apache-2.0
// The payload formats behind make_depacketizer(), and what they share in reading their parameters.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "mux/rtp_depacketizer.h"

namespace sluice::mux {

struct PayloadContext {
  const wire::sdp::Media &media;
  const wire::sdp::Format &format;
  media::BufferPool &pool;
  DepacketizerEvents &events;
  const DepacketizerOptions &options;
};

std::unique_ptr<RtpDepacketizer> make_h264(const PayloadContext &context);
std::unique_ptr<RtpDepacketizer> make_h265(const PayloadContext &context);
std::unique_ptr<RtpDepacketizer> make_jpeg(const PayloadContext &context);
std::unique_ptr<RtpDepacketizer> make_aac(const PayloadContext &context);
std::unique_ptr<RtpDepacketizer> make_latm(const PayloadContext &context);
std::unique_ptr<RtpDepacketizer> make_mpa(const PayloadContext &context);
// Null for a name (in capitals) that is none of theirs.
std::unique_ptr<RtpDepacketizer> make_plain_audio(const PayloadContext &context,
                                                  std::string_view name);

// A number among the parameters; nothing when it is not there or is none.
inline std::optional<std::uint32_t> number_of(const wire::sdp::Format &format,
                                              std::string_view name) {
  const std::string_view text = format.parameter(name);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{}) return std::nullopt;
  return value;
}

// The bytes of hexadecimal digits; empty when there is anything else.
inline std::string unhex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned value = 0;
    const char *end = text.data() + i + 2;
    if (std::from_chars(text.data() + i, end, value, 16).ptr != end) return {};
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

// Calls `take` with the bytes of each part of a list that is separated by commas. Parts that are no
// base64 are left out.
template <class Take>
void for_each_base64(std::string_view list, Take take) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (const auto bytes = base::base64_decode(list.substr(0, comma)); bytes && !bytes->empty())
      take(base::as_bytes(*bytes));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

}  // namespace sluice::mux
