// SPDX-License-Identifier: Apache-2.0
// AMF0 and AMF3, alone and as commands and data. What is read must be writable and readable again.
#include "base/check.h"
#include "fuzz_input.h"
#include "wire/amf0.h"
#include "wire/amf3.h"
#include "wire/rtmp_message.h"

namespace {

using namespace sluice;
using wire::rtmp::MessageType;

void round_trip(const std::vector<wire::amf::Value> &values) {
  std::string out;
  wire::amf::Writer writer(out);
  for (const auto &value : values)
    writer.value(value);
  // Keys of AMF3 arrays become text, so the second reading may spend more.
  wire::amf::Limits limits{.depth = 64, .items = 1U << 20, .text_bytes = 1U << 30};
  auto again = wire::amf::read_all(base::as_bytes(out), limits);
  SLUICE_CHECK(again.has_value());
  SLUICE_CHECK(again->size() == values.size());
}

void command(MessageType type, base::Bytes input) {
  auto parsed = wire::rtmp::parse_command(type, input);
  if (!parsed) return;
  for (std::size_t i = 0; i < 4; ++i)
    (void)parsed->argument(i).find("app");
  round_trip(parsed->arguments);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  switch (fuzz::take_byte(input) % 5) {
    case 0:
      if (auto values = wire::amf::read_all(input)) round_trip(*values);
      break;
    case 1: {
      base::ByteReader in(input);
      wire::amf::Limits limits;
      if (auto value = wire::amf::read_amf3(in, limits)) round_trip({*value});
      break;
    }
    case 2:
      command(MessageType::CommandAmf0, input);
      break;
    case 3:
      command(MessageType::CommandAmf3, input);
      break;
    default:
      if (auto values = wire::rtmp::parse_data(MessageType::DataAmf3, input)) round_trip(*values);
      break;
  }
  return 0;
}
