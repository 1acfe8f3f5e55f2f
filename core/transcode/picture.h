// SPDX-License-Identifier: Apache-2.0
// A key frame as a JPEG. Pure work on bytes that may be hostile; takes milliseconds to tenths of a
// second, so it is nothing for a loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "media/codec.h"

namespace sluice::transcode {

inline constexpr std::uint32_t kMinPictureWidth = 16;
inline constexpr std::uint32_t kMaxPictureSide = 8192;  // of what is decoded
inline constexpr std::int64_t kMaxPicturePixels = 40'000'000;
inline constexpr std::size_t kMaxAccessUnit = std::size_t{32} << 20;

// Whether pictures of that codec can be decoded, with the libraries that are installed.
[[nodiscard]] bool can_decode(media::Codec codec);

// access_unit: one key frame as media::Frame has it. width: what the JPEG has at most; it is even,
// never more than the picture itself has, and the height follows from the picture's shape.
// Unsupported: the codec. Malformed: no picture is in it, or a broken one. TooLarge: a limit.
[[nodiscard]] base::Result<std::string> make_jpeg(const media::Track &track,
                                                  base::Bytes access_unit, std::uint32_t width);

}  // namespace sluice::transcode
