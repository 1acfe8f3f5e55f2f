// SPDX-License-Identifier: Apache-2.0
// Protocol: how a viewer is reached; and what each container is called on the way. Routes, heads of
// answers, session names and metrics all follow from these tables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "deliver/framing.h"
#include "deliver/mse_session.h"
#include "stream/format.h"

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

inline constexpr std::array<MediaFormat, stream::kContainers> kMediaFormats{{
    {stream::Format::Flv, "FLV", "flv", "video/x-flv", Protocol::HttpFlv, Protocol::WsFlv},
    {stream::Format::Fmp4, "fMP4", "mp4", "video/mp4", Protocol::HttpFmp4, Protocol::WsFmp4},
    {stream::Format::Ts, "MPEG-TS", "ts", "video/mp2t", Protocol::HttpTs, std::nullopt},
}};

constexpr const MediaFormat &media_format(stream::Format format) {
  return kMediaFormats[static_cast<std::size_t>(stream::container_of(format))];
}

// Null when no format has that extension.
constexpr const MediaFormat *find_media_format(std::string_view extension) {
  for (const MediaFormat &row : kMediaFormats) {
    if (row.extension == extension) return &row;
  }
  return nullptr;
}

// WS-fMP4 as clients of different kinds want it.
struct MseFraming {
  std::string_view name;  // of ?framing=
  MseDialect dialect;
  stream::Format format;
  Framing framing;
};

inline constexpr std::array<MseFraming, 3> kMseFramings{{
    {"mse", MseDialect::Mse, stream::Format::Fmp4, Framing::WebSocket},
    {"flussonic", MseDialect::Flussonic, stream::Format::Fmp4Flussonic, Framing::TapedWebSocket},
    {"ivideon", MseDialect::Ivideon, stream::Format::Fmp4Ivideon, Framing::TapedWebSocket},
}};

// Null when there is none of that name.
constexpr const MseFraming *find_mse_framing(std::string_view name) {
  for (const MseFraming &row : kMseFramings) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace sluice::deliver
