// SPDX-License-Identifier: Apache-2.0
#include "media/metadata.h"

#include <doctest/doctest.h>

#include <limits>

using sluice::media::Metadata;

TEST_SUITE("media") {
  TEST_CASE("metadata: the encoder's name is bounded and cut between characters") {
    Metadata metadata;
    metadata.set_encoder("Lavf59.27.100");
    CHECK(metadata.encoder == "Lavf59.27.100");
    metadata.set_encoder(std::string(1000, 'x'));
    CHECK(metadata.encoder.size() == Metadata::kMaxEncoderText);
    metadata.set_encoder(std::string(Metadata::kMaxEncoderText - 1, 'x') + "é");
    CHECK(metadata.encoder == std::string(Metadata::kMaxEncoderText - 1, 'x'));
  }

  TEST_CASE("metadata: control characters and broken UTF-8 are left out of the encoder's name") {
    Metadata metadata;
    metadata.set_encoder(std::string("a\0b\r\n\x1b[31mc\x7f", 12));
    CHECK(metadata.encoder == "ab[31mc");
    metadata.set_encoder("x\xff\xc0\xaf\xed\xa0\x80\xf5\x80\x80\x80y\xc2\x85z\xe4");
    CHECK(metadata.encoder == "xyz");
    metadata.set_encoder("摄像机 😀");
    CHECK(metadata.encoder == "摄像机 😀");
  }

  TEST_CASE("metadata: numbers that cannot be true are unknown") {
    Metadata metadata;
    metadata.set_frame_rate(29.97);
    CHECK(metadata.frame_rate == 29.97);
    for (double lie : {-1.0, 0.0, 1e9, std::numeric_limits<double>::infinity(),
                       std::numeric_limits<double>::quiet_NaN()}) {
      metadata.set_frame_rate(lie);
      metadata.set_video_kbps(lie);
      metadata.set_audio_kbps(lie);
      CHECK(metadata == Metadata{});
    }
  }
}
