// SPDX-License-Identifier: Apache-2.0
// Session descriptions: bounded, and everything in them is text.
#include <algorithm>

#include "base/check.h"
#include "fuzz_input.h"
#include "wire/mikey.h"
#include "wire/sdes.h"
#include "wire/sdp.h"
#include "wire/text.h"

namespace {

using namespace sluice;
using namespace sluice::wire;

void check_text(std::string_view text) {
  SLUICE_CHECK(text.size() <= 17 * 1024 && std::ranges::none_of(text, is_control));
}

void check_media(const sdp::Media &media) {
  SLUICE_CHECK(media.formats.size() <= 32 && media.crypto.size() <= 8);
  SLUICE_CHECK(media.frame_rate >= 0 && media.frame_rate <= 1000);
  for (std::string_view text : {media.kind, media.protocol, media.address, media.control})
    check_text(text);
  for (const sdp::Format &format : media.formats) {
    SLUICE_CHECK(format.payload_type < 128 && format.channels <= 255);
    SLUICE_CHECK(format.encoding.empty() || format.clock_rate != 0);
    SLUICE_CHECK(format.parameter("sprop-parameter-sets").size() <= format.parameters.size());
    SLUICE_CHECK(
        std::ranges::count(media.formats, format.payload_type, &sdp::Format::payload_type) == 1);
  }
  for (const sdp::Crypto &crypto : media.crypto)
    (void)sdes::parse(crypto);
  (void)mikey::parse_base64(media.key_mgmt);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  auto session = sdp::parse(base::as_text(fuzz::input_bytes(data, size)));
  if (!session) return 0;
  SLUICE_CHECK(session->media.size() <= 32);
  for (std::string_view text : {session->name, session->control, session->address, session->tool})
    check_text(text);
  for (const sdp::Media &media : session->media)
    check_media(media);
  return 0;
}
