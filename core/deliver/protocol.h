// SPDX-License-Identifier: Apache-2.0
// Protocol: how a viewer is reached; and what each container format is called on the way. Routes,
// heads of answers, session names and metrics all follow from these two tables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "stream/format_tape.h"

namespace sluice::deliver {

// Indexes the counters of DeliverMetrics.
enum class Protocol : std::uint8_t { HttpFlv, WsFlv, HttpFmp4, WsFmp4, HttpTs };
inline constexpr std::size_t kProtocols = 5;

// As the API, logs and metrics show it.
const char *protocol_name(Protocol protocol);

struct MediaFormat {
  stream::Format format;
  const char *label;           // in sentences
  std::string_view extension;  // of /S/C.<extension>
  const char *content_type;
  Protocol http;
  std::optional<Protocol> websocket;
};

inline constexpr std::array<MediaFormat, stream::kFormats> kMediaFormats{{
    {stream::Format::Flv, "FLV", "flv", "video/x-flv", Protocol::HttpFlv, Protocol::WsFlv},
    {stream::Format::Fmp4, "fMP4", "mp4", "video/mp4", Protocol::HttpFmp4, Protocol::WsFmp4},
    {stream::Format::Ts, "MPEG-TS", "ts", "video/mp2t", Protocol::HttpTs, std::nullopt},
}};

constexpr const MediaFormat &media_format(stream::Format format) {
  return kMediaFormats[static_cast<std::size_t>(format)];
}

// Null when no format has that extension.
constexpr const MediaFormat *find_media_format(std::string_view extension) {
  for (const MediaFormat &row : kMediaFormats) {
    if (row.extension == extension) return &row;
  }
  return nullptr;
}

}  // namespace sluice::deliver
