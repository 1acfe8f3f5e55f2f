// SPDX-License-Identifier: Apache-2.0
// What an HLS request says: a name that is taken has one spelling, and directives lead to a
// judgement that fits the list.
#include <string>

#include "base/check.h"
#include "deliver/hls_query.h"
#include "fuzz_input.h"
#include "http/cookie.h"

namespace {

using namespace sluice;
using deliver::HlsDemand;

void check_file(std::string_view name) {
  if (auto file = deliver::parse_hls_file(name)) SLUICE_CHECK(to_string(*file) == name);
  if (deliver::is_hls_session(name)) SLUICE_CHECK(!name.contains('/') && !name.contains('.'));
}

// A cookie that is found stands whole in the field, and a session's name in it is one everywhere.
void check_cookie(std::string_view field) {
  auto value = http::find_cookie(field, deliver::kHlsCookie);
  if (!value) return;
  SLUICE_CHECK(!value->contains(';'));
  SLUICE_CHECK(field.contains(std::string(deliver::kHlsCookie) + "=" + std::string(*value)));
  if (deliver::is_hls_session(*value)) check_file(*value);
}

stream::SegmentList list_of(base::Bytes &input) {
  stream::SegmentList list;
  const std::uint64_t first = fuzz::take_byte(input);
  const std::uint64_t count = fuzz::take_byte(input) % 4;
  for (std::uint64_t i = 0; i < count; ++i) {
    stream::Segment segment;
    segment.number = first + i;
    segment.parts.resize(fuzz::take_byte(input) % 8);
    list.segments.push_back(std::make_shared<stream::Segment>(segment));
  }
  list.next_number = first + count;
  if (const std::size_t parts = fuzz::take_byte(input) % 8; parts > 0) {
    stream::Segment open;
    open.number = list.next_number;
    open.parts.resize(parts);
    list.open = std::make_shared<stream::Segment>(open);
  }
  list.part_target = media::Ticks(fuzz::take_byte(input) * 1000);
  return list;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  auto input = fuzz::input_bytes(data, size);
  stream::SegmentList list = list_of(input);
  auto text = base::as_text(input);
  check_file(text);
  check_cookie(text);
  auto query = wire::Query::parse(text);
  if (!query) return 0;
  auto directives = deliver::parse_hls_directives(*query);
  if (!directives) return 0;
  SLUICE_CHECK(directives->msn || !directives->part);
  for (bool with_parts : {false, true}) {
    HlsDemand demand = judge(*directives, list, with_parts);
    if (!directives->msn) SLUICE_CHECK(demand == HlsDemand::Met);
    if (demand == HlsDemand::Met && directives->msn)
      SLUICE_CHECK(*directives->msn <= list.next_number);
    if (demand == HlsDemand::Soon) SLUICE_CHECK(*directives->msn <= list.next_number + 1);
  }
  return 0;
}
