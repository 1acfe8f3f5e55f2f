// SPDX-License-Identifier: Apache-2.0
// The words that some keys take as their values.
#pragma once

#include <cstdint>

namespace sluice::config {

// What a second publisher of a name does that is already live.
enum class PublishPolicy : std::uint8_t { Refuse, SameAddress, Always };

// How H.265 is written into FLV: by the enhanced RTMP standard, or as codec id 12 for old players.
enum class H265InFlv : std::uint8_t { Enhanced, Legacy };

// Whether sound is transcoded for the formats that cannot show it as it is.
enum class SoundTranscode : std::uint8_t { Needed, Never };

// The sound of FLV: all that the container can carry, or only what browsers play.
enum class SoundInFlv : std::uint8_t { Carried, Aac };

// How media comes from a camera. Auto begins with TCP and falls back, both ways.
enum class SourceTransport : std::uint8_t { Auto, Tcp, Udp, Multicast, Http };

// What becomes of pictures with lost packets: dropped up to the next key frame, or passed on.
enum class Damaged : std::uint8_t { Drop, Pass };

// Where a viewer of HLS carries the name of its session: in the path, as a directory, or in a
// cookie.
enum class HlsSession : std::uint8_t { Path, Cookie };

// The oldest version of TLS that is spoken: 1.2 or 1.3.
enum class TlsMinVersion : std::uint8_t { V12, V13 };

// Whether the kernel encrypts what is sent over TLS, where it can.
enum class TlsKernel : std::uint8_t { Auto, Off };

}  // namespace sluice::config
