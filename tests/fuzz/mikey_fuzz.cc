// SPDX-License-Identifier: Apache-2.0
// Keys of SRTP in MIKEY and SDES: what is read is a key of its suite, and reads back as written.
#include "base/check.h"
#include "fuzz_input.h"
#include "wire/mikey.h"
#include "wire/sdes.h"
#include "wire/text.h"

namespace {

using namespace sluice;
using namespace sluice::wire;

void check_key(const SrtpKey &key, const SrtpKey &again) {
  SLUICE_CHECK(key.key_and_salt.size() == key_and_salt_bytes(key.suite));
  SLUICE_CHECK(key.mki.size() <= kMaxMki);
  SLUICE_CHECK(again.suite == key.suite && again.key_and_salt == key.key_and_salt);
  SLUICE_CHECK(again.mki == key.mki && again.encrypts_rtp == key.encrypts_rtp);
  SLUICE_CHECK(again.encrypts_rtcp == key.encrypts_rtcp);
  SLUICE_CHECK(again.authenticates_rtp == key.authenticates_rtp);
}

void check_mikey(base::Result<mikey::Message> message) {
  if (!message) return;
  SLUICE_CHECK(message->streams.size() <= 32);
  std::string bytes = mikey::make(*message, 1);
  auto again = mikey::parse(base::as_bytes(bytes));
  SLUICE_CHECK(again.has_value() && again->streams.size() == message->streams.size());
  SLUICE_CHECK(again->bundle_id == message->bundle_id);
  check_key(message->key, again->key);
}

void check_sdes(std::string_view text) {
  sdp::Crypto crypto;
  crypto.suite = take_word(text);
  crypto.parameters = text;
  auto key = sdes::parse(crypto);
  if (!key) return;
  auto again = sdes::parse(sdes::make(1, *key));
  SLUICE_CHECK(again.has_value());
  check_key(*key, *again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  switch (fuzz::take_byte(input) % 3) {
    case 0:
      check_mikey(mikey::parse(input));
      break;
    case 1:
      check_mikey(mikey::parse_base64(base::as_text(input)));
      break;
    default:
      check_sdes(base::as_text(input));
      break;
  }
  return 0;
}
