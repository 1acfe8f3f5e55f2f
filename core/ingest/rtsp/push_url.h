// SPDX-License-Identifier: Apache-2.0
// The URLs in a pusher's requests: which stream they name, and which of its media. Pure; takes
// hostile bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "wire/sdp.h"
#include "wire/url.h"

namespace sluice::ingest::rtsp {

// rtsp://host:port/<server>/<camera>, with slashes and a query behind it, which are left out. Each
// part is percent-decoded once, after it was cut, so that no spelling of a slash makes a part.
base::Result<wire::StreamName> parse_publish_url(std::string_view uri, std::size_t max_length);

// The media that a SETUP is about, by its control attribute, which may be absolute, relative, with
// or without a slash in front. FFmpeg puts the track behind the stream's query, GStreamer before
// it. A single media without a control is meant by any URL. Of several matches the longest counts.
std::optional<std::size_t> find_media(std::string_view uri, const wire::sdp::Session &description);

}  // namespace sluice::ingest::rtsp
