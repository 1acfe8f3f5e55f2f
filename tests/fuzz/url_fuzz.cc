// SPDX-License-Identifier: Apache-2.0
// URLs and names: whatever goes in, a name that comes out is safe as a path and reads back as
// itself.
#include <algorithm>

#include "base/check.h"
#include "fuzz_input.h"
#include "wire/url.h"

namespace {

using namespace sluice;
using wire::StreamName;

void check_name(const StreamName &name) {
  std::string joined = wire::to_string(name);
  SLUICE_CHECK(joined.size() <= StreamName::kMaxLength);
  SLUICE_CHECK(std::ranges::count(joined, '/') == 1);
  SLUICE_CHECK(name.server.front() != '.' && name.camera.front() != '.');
  SLUICE_CHECK(std::ranges::all_of(joined, [](char c) {
    return c > ' ' && c < 0x7f && !std::string_view("\"%&'<>\\?#;").contains(c);
  }));
  auto again = StreamName::parse(joined);
  SLUICE_CHECK(again.has_value() && *again == name);
  auto path = wire::parse_path("/" + joined + ".flv");
  SLUICE_CHECK(path.has_value() && path->name == name && path->extension == "flv");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  std::uint8_t mode = fuzz::take_byte(input);
  std::string_view text = base::as_text(input);
  switch (mode % 4) {
    case 0: {
      auto decoded = wire::percent_decode(text, (mode & 4U) != 0);
      if (decoded) SLUICE_CHECK(decoded->size() <= text.size() && !decoded->contains('\0'));
      break;
    }
    case 1: {
      wire::Target target = wire::split_target(text);
      if (auto query = wire::Query::parse(target.query)) {
        SLUICE_CHECK(query->pairs().size() <= wire::Query::kMaxPairs);
        if (!query->pairs().empty())
          SLUICE_CHECK(query->find(query->pairs()[0].first) == query->pairs()[0].second);
      }
      if (auto path = wire::parse_path(target.path)) check_name(path->name);
      break;
    }
    case 2: {
      std::size_t cut = std::min(text.find('\n'), text.size());
      std::string_view key = text.substr(std::min(cut + 1, text.size()));
      if (auto parsed = wire::parse_rtmp_name(text.substr(0, cut), key)) check_name(parsed->name);
      break;
    }
    default:
      if (auto name = StreamName::parse(text)) check_name(*name);
      break;
  }
  return 0;
}
