// SPDX-License-Identifier: Apache-2.0
// AMF0: what encoders write, what hostile peers write, and that every cut of a valid input ends in
// order.
#include "wire/amf0.h"

#include <doctest/doctest.h>

#include "hex.h"

namespace sluice::wire::amf {
namespace {

using base::Code;
using test::hex;

base::Result<std::vector<Value>> decode(const std::string &bytes, Limits limits = {}) {
  return read_all(base::as_bytes(bytes), limits);
}

Value decode_one(const std::string &bytes) {
  auto values = decode(bytes);
  REQUIRE(values.has_value());
  REQUIRE(values->size() == 1);
  return values->front();
}

// One of everything that the reader knows.
std::string everything() {
  std::string out;
  Writer w(out);
  w.string("@setDataFrame");
  w.number(25.0);
  w.boolean(true);
  w.null();
  w.undefined();
  w.begin_ecma_array(3);
  w.key("width");
  w.number(1280);
  w.key("list");
  w.begin_strict_array(2);
  w.number(1);
  w.string("two");
  w.key("inner");
  w.begin_object();
  w.key("deep");
  w.boolean(false);
  w.end_object();
  w.end_object();
  w.string(std::string(70000, 'x'));
  out += hex("0b 4270000000000000 0000");           // a date
  out += hex("0f 00000004 '<a/>'");                 // XML
  out += hex("10 0003 'Cls' 0001 'k' 05 0000 09");  // a typed object
  out += hex("07 0001");                            // a reference
  out += hex("0d");                                 // unsupported
  out += hex("11 06 07 'abc'");                     // a switch to AMF3
  return out;
}

TEST_SUITE("wire") {
  TEST_CASE("amf0: what the writer writes, the reader reads") {
    auto values = decode(everything());
    REQUIRE(values.has_value());
    REQUIRE(values->size() == 13);
    CHECK((*values)[0].as_string() == "@setDataFrame");
    CHECK((*values)[1].as_number() == 25.0);
    CHECK((*values)[2].as_boolean() == true);
    CHECK((*values)[3].kind == Kind::Null);
    CHECK((*values)[4].kind == Kind::Undefined);
    const Value &array = (*values)[5];
    CHECK(array.kind == Kind::EcmaArray);
    REQUIRE(array.find("width") != nullptr);
    CHECK(array.find("width")->as_number() == 1280);
    CHECK(array.find("height") == nullptr);
    CHECK(array.find("list")->members[1].value.as_string() == "two");
    CHECK(array.find("inner")->find("deep")->as_boolean() == false);
    CHECK((*values)[6].text.size() == 70000);
    CHECK((*values)[7].kind == Kind::Date);
    CHECK((*values)[7].as_number() == 1099511627776.0);
    CHECK((*values)[8].text == "<a/>");
    CHECK((*values)[9].kind == Kind::TypedObject);
    CHECK((*values)[9].text == "Cls");
    CHECK((*values)[9].find("k")->kind == Kind::Null);
    CHECK((*values)[10].kind == Kind::Undefined);
    CHECK((*values)[12].as_string() == "abc");
  }

  TEST_CASE("amf0: a decoded value is written back as it was") {
    std::string out;
    Writer writer(out);
    auto values = decode(everything());
    REQUIRE(values.has_value());
    for (const Value &value : *values)
      writer.value(value);
    auto again = decode(out);
    REQUIRE(again.has_value());
    REQUIRE(again->size() == values->size());
    CHECK((*again)[5].find("inner")->find("deep")->as_boolean() == false);
    CHECK((*again)[5].find("list")->kind == Kind::StrictArray);
  }

  TEST_CASE("amf0: every cut of a valid input is an error or fewer values, and nothing worse") {
    std::string whole = everything();
    whole.erase(whole.find(std::string(100, 'x')),
                69000);  // The cuts inside the long string are all alike.
    for (std::size_t size = 0; size < whole.size(); ++size) {
      auto values = decode(whole.substr(0, size));
      if (values) CHECK(values->size() <= 13);
    }
  }

  TEST_CASE("amf0: an ECMA array may lie about its count") {
    CHECK(decode_one(hex("08 00000000 0001 'a' 0101 000009")).find("a")->as_boolean() == true);
    CHECK(decode_one(hex("08 ffffffff 0001 'a' 0101 000009")).members.size() == 1);
  }

  TEST_CASE("amf0: an object may end with the input instead of its end marker") {
    CHECK(decode_one(hex("03 0001 'a' 0101")).find("a")->as_boolean() == true);
    CHECK(decode_one(hex("08 00000001 0001 'a' 0101")).members.size() == 1);
    CHECK_FALSE(decode(hex("03 0001 'a'")).has_value());
    CHECK_FALSE(decode(hex("03 00")).has_value());
  }

  TEST_CASE("amf0: an empty key before a value is a member and not the end") {
    Value value = decode_one(hex("03 0000 0101 0001 'b' 05 000009"));
    CHECK(value.members.size() == 2);
    CHECK(value.find("")->as_boolean() == true);
  }

  TEST_CASE("amf0: nesting of 70000 levels is refused at the limit") {
    std::string objects;
    for (int i = 0; i < 70000; ++i)
      objects += hex("03 0001 'a'");
    CHECK(decode(objects).error().code == Code::TooLarge);
    std::string arrays;
    for (int i = 0; i < 70000; ++i)
      arrays += hex("0a 00000001");
    CHECK(decode(arrays).error().code == Code::TooLarge);
    std::string mixed;
    for (int i = 0; i < 10; ++i)
      mixed += hex("0a 00000001");
    mixed += hex("11");
    for (int i = 0; i < 70000; ++i)
      mixed += hex("09 03 01");
    CHECK(decode(mixed).error().code == Code::TooLarge);
  }

  TEST_CASE("amf0: 16 levels are read, 17 are not") {
    std::string levels;
    for (int i = 0; i < 16; ++i)
      levels += hex("0a 00000001");
    CHECK(decode(levels + hex("05")).has_value());
    CHECK_FALSE(decode(hex("0a 00000001") + levels + hex("05")).has_value());
  }

  TEST_CASE("amf0: a strict array that announces 2^32-1 items costs nothing") {
    CHECK(decode(hex("0a ffffffff 05")).error().code == Code::Truncated);
    std::string many = hex("0a 00002000") + std::string(0x2000, '\x05');
    CHECK(decode(many).error().code == Code::TooLarge);
  }

  TEST_CASE("amf0: the budget is shared by all values of a message") {
    CHECK(decode(std::string(1024, '\x05')).has_value());
    CHECK(decode(std::string(1025, '\x05')).error().code == Code::TooLarge);
    Limits limits{.depth = 16, .items = 8, .text_bytes = 4};
    CHECK(decode(hex("020002 'ab' 020002 'cd'"), limits).has_value());
    CHECK(decode(hex("020002 'ab' 020003 'cde'"), limits).error().code == Code::TooLarge);
  }

  TEST_CASE("amf0: unknown and reserved markers are malformed") {
    for (unsigned marker : {0x04U, 0x09U, 0x0eU, 0x12U, 0x7fU, 0xffU}) {
      std::string bytes(1, static_cast<char>(marker));
      CHECK(decode(bytes + std::string(16, '\0')).error().code == Code::Malformed);
    }
  }

  TEST_CASE("amf0: FFmpeg's 4-byte time code message is an error and not a value") {
    CHECK_FALSE(decode(hex("00000012")).has_value());
  }

  TEST_CASE("amf0: a number may be asked for as a boolean and the other way round") {
    CHECK(Value(1.0).as_boolean() == true);
    CHECK(Value(true).as_number() == 1.0);
    CHECK_FALSE(Value("1").as_number().has_value());
    CHECK_FALSE(Value(1.0).as_string().has_value());
    CHECK(Value("text").find("a") == nullptr);
  }

  TEST_CASE("amf0: a key above 65535 bytes is cut by the writer") {
    std::string out;
    Writer w(out);
    w.begin_object();
    w.key(std::string(70000, 'k'));
    w.null();
    w.end_object();
    CHECK(decode_one(out).members[0].key.size() == 0xffff);
  }
}

}  // namespace
}  // namespace sluice::wire::amf
