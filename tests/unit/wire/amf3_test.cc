// SPDX-License-Identifier: Apache-2.0
// AMF3 as it comes over RTMP: behind the switch marker of AMF0, with references and traits.
#include "wire/amf3.h"

#include <doctest/doctest.h>

#include "hex.h"

namespace sluice::wire::amf {
namespace {

using base::Code;
using test::hex;

base::Result<Value> decode(const std::string &bytes, Limits limits = {}) {
  base::ByteReader in(base::as_bytes(bytes));
  return read_amf3(in, limits);
}

TEST_SUITE("wire") {
  TEST_CASE("amf3: scalars") {
    CHECK(decode(hex("00"))->kind == Kind::Undefined);
    CHECK(decode(hex("01"))->kind == Kind::Null);
    CHECK(decode(hex("02"))->as_boolean() == false);
    CHECK(decode(hex("03"))->as_boolean() == true);
    CHECK(decode(hex("04 7f"))->as_number() == 127);
    CHECK(decode(hex("04 8100"))->as_number() == 128);
    CHECK(decode(hex("04 bfffffff"))->as_number() == 268435455);
    CHECK(decode(hex("04 ffffffff"))->as_number() == -1);
    CHECK(decode(hex("04 c0808000"))->as_number() == -268435456);
    CHECK(decode(hex("05 3ff8000000000000"))->as_number() == 1.5);
    CHECK(decode(hex("06 07 'abc'"))->as_string() == "abc");
    CHECK(decode(hex("06 01"))->as_string() == "");
    CHECK(decode(hex("08 01 4270000000000000"))->kind == Kind::Date);
    CHECK(decode(hex("0b 09 '<a/>'"))->text == "<a/>");
    CHECK(decode(hex("07 09 '<a/>'"))->kind == Kind::Xml);
    CHECK(decode(hex("0c 05 0102"))->kind == Kind::ByteArray);
  }

  TEST_CASE("amf3: an anonymous dynamic object, keys by reference") {
    auto value = decode(hex("0a 0b 01 03 'a' 04 01  03 'b' 06 00  01"));
    REQUIRE(value.has_value());
    CHECK(value->kind == Kind::Object);
    CHECK(value->find("a")->as_number() == 1);
    CHECK(value->find("b")->as_string() == "a");
  }

  TEST_CASE("amf3: a class with sealed members, its traits used again by the second object") {
    auto value = decode(hex("09 05 01  0a 13 03 'C' 03 's' 04 01  0a 01 04 02"));
    REQUIRE(value.has_value());
    REQUIRE(value->members.size() == 2);
    CHECK(value->members[0].value.text == "C");
    CHECK(value->members[0].value.find("s")->as_number() == 1);
    CHECK(value->members[1].value.kind == Kind::TypedObject);
    CHECK(value->members[1].value.find("s")->as_number() == 2);
  }

  TEST_CASE("amf3: an object whose sealed member brings new traits") {
    auto value = decode(hex("0a 13 03 'C' 03 's'  0a 13 03 'D' 03 't' 03"));
    REQUIRE(value.has_value());
    CHECK(value->find("s")->text == "D");
    CHECK(value->find("s")->find("t")->as_boolean() == true);
  }

  TEST_CASE("amf3: arrays, dense and with keys") {
    auto dense = decode(hex("09 05 01 04 01 04 02"));
    REQUIRE(dense.has_value());
    CHECK(dense->kind == Kind::StrictArray);
    CHECK(dense->members.size() == 2);
    auto keyed = decode(hex("09 03 03 'k' 04 07 01 04 08"));
    REQUIRE(keyed.has_value());
    CHECK(keyed->kind == Kind::EcmaArray);
    CHECK(keyed->find("k")->as_number() == 7);
    CHECK(keyed->find("0")->as_number() == 8);
  }

  TEST_CASE("amf3: references to whole objects give undefined") {
    CHECK(decode(hex("0a 00"))->kind == Kind::Undefined);
    CHECK(decode(hex("09 00"))->kind == Kind::Undefined);
    CHECK(decode(hex("08 00"))->kind == Kind::Undefined);
    CHECK(decode(hex("0c 00"))->kind == Kind::Undefined);
  }

  TEST_CASE("amf3: references to what is not there are malformed") {
    CHECK(decode(hex("06 00")).error().code == Code::Malformed);
    CHECK(decode(hex("0a 01")).error().code == Code::Malformed);
    CHECK(decode(hex("0a fffffd")).has_value() == false);
  }

  TEST_CASE("amf3: externalizable objects, vectors and dictionaries are refused") {
    CHECK(decode(hex("0a 07 03 'C'")).error().code == Code::Unsupported);
    CHECK(decode(hex("0d 0300")).error().code == Code::Unsupported);
    CHECK(decode(hex("11 0300")).error().code == Code::Unsupported);
  }

  TEST_CASE("amf3: lengths and counts beyond the input are errors") {
    CHECK(decode(hex("06 ffffffff")).error().code == Code::Truncated);
    CHECK(decode(hex("0c bfffffff")).error().code == Code::Truncated);
    CHECK(decode(hex("09 ffffffff 01")).error().code == Code::Truncated);
    CHECK(decode(hex("0a fffffffb 01")).error().code == Code::Truncated);
  }

  TEST_CASE("amf3: a string that is repeated by reference counts each time") {
    // An array of 64, the first a string of 320.
    std::string bytes = hex("09 8101 01 06 8501") + std::string(320, 'x');
    for (int i = 0; i < 63; ++i)
      bytes += hex("06 00");
    CHECK(decode(bytes).has_value());
    Limits limits{.depth = 16, .items = 1024, .text_bytes = 320 * 63};
    CHECK(decode(bytes, limits).error().code == Code::TooLarge);
  }

  TEST_CASE("amf3: depth and number of values are bounded") {
    std::string deep;
    for (int i = 0; i < 70000; ++i)
      deep += hex("09 03 01");
    CHECK(decode(deep).error().code == Code::TooLarge);
    std::string wide = hex("09 a001 01") + std::string(4096, '\x01');
    CHECK(decode(wide).error().code == Code::TooLarge);
  }

  TEST_CASE("amf3: every cut of a valid input is an error") {
    std::string whole =
        hex("0a 1b 03 'C' 03 's' 09 05 01 05 3ff8000000000000 06 02 03 'd' 0a 01 03 01 01");
    REQUIRE(decode(whole).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK_FALSE(decode(whole.substr(0, size)).has_value());
    }
  }
}

}  // namespace
}  // namespace sluice::wire::amf
