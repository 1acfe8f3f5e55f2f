// SPDX-License-Identifier: Apache-2.0
// Digests against published values, and base64 as devices write it.
#include "base/hash.h"

#include <doctest/doctest.h>

namespace sluice::base {
namespace {

TEST_SUITE("base") {
  TEST_CASE("hash: digests of published examples") {
    CHECK(hex(md5(as_bytes(""))) == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(hex(md5(as_bytes("message digest"))) == "f96b697d7cb7938d525a2f31aaf161d0");
    CHECK(hex(sha1(as_bytes("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(sha256(as_bytes("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(as_bytes("\x01\xfe")) == "01fe");
    CHECK(hex({}).empty());
  }

  TEST_CASE("hash: base64 goes there and back") {
    std::string text;
    for (int i = 0; i < 70; ++i) {
      CHECK(base64_decode(base64(as_bytes(text))) == text);
      text.push_back(static_cast<char>(i * 37));
    }
    CHECK(base64(as_bytes("foobar")) == "Zm9vYmFy");
  }

  TEST_CASE("hash: base64 without padding, with too much of it, and with blanks is understood") {
    CHECK(base64_decode("Zm9vYg==") == "foob");
    CHECK(base64_decode("Zm9vYg") == "foob");
    CHECK(base64_decode("Zm9vYmE") == "fooba");
    CHECK(base64_decode("Zm9vYmFy====") == "foobar");
    CHECK(base64_decode(" Zm9v\r\nYmFy ") == "foobar");
    CHECK(base64_decode("") == "");
  }

  TEST_CASE("hash: what is not base64 is refused") {
    for (std::string_view bad : {"Z", "Zm9vY", "Zm9v!", "Zm9=v", "Zm9vYg==Zg==", "Zm9_", "\x80"}) {
      CHECK_MESSAGE(!base64_decode(bad).has_value(), bad);
    }
  }
}

}  // namespace
}  // namespace sluice::base
