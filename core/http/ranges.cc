// SPDX-License-Identifier: Apache-2.0
#include "http/ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "wire/text.h"

namespace sluice::http {
namespace {

// One range as it is asked for: "first-", "first-last", or "-last" for that many at the end.
struct Asked {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
};

// Digits only, and at least one. What does not fit is as good as the largest number.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || stop != end) return std::nullopt;
  return error == std::errc::result_out_of_range ? UINT64_MAX : value;
}

std::optional<Asked> parse_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes=";
  if (text.size() < kUnit.size() || !equal_ignoring_case(text.substr(0, kUnit.size()), kUnit)) {
    return std::nullopt;
  }
  text.remove_prefix(kUnit.size());
  std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  Asked asked{parse_number(text.substr(0, dash)), parse_number(text.substr(dash + 1))};
  bool first_is_bad = dash > 0 && !asked.first;
  bool last_is_bad = dash + 1 < text.size() && !asked.last;
  if (first_is_bad || last_is_bad || (!asked.first && !asked.last)) return std::nullopt;
  if (asked.first && asked.last && *asked.first > *asked.last) return std::nullopt;
  return asked;
}

// Whether the list of If-None-Match has the tag. Tags of ours have no commas in them. The
// comparison is the weak one, so W/ is passed over.
bool list_has_tag(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    std::string_view tag = wire::trim(wire::take_until(list, ','));
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

void narrow(const Asked &asked, Response &response) {
  BodyRange &stored = response.stored;
  const std::uint64_t size = stored.size();
  std::uint64_t from = asked.first ? *asked.first : size - std::min(size, *asked.last);
  if (from >= size) {
    response.status = 416;
    response.stored = {};
    response.headers.push_back({"Content-Range", fmt::format("bytes */{}", size)});
    return;
  }
  std::uint64_t to = asked.first && asked.last ? std::min(*asked.last, size - 1) + 1 : size;
  response.status = 206;
  response.headers.push_back({"Content-Range", fmt::format("bytes {}-{}/{}", from, to - 1, size)});
  stored.from = from;
  stored.to = to;
}

}  // namespace

bool answer_if_held(const Request &request, std::string_view etag, Response &response) {
  response.headers.push_back({"ETag", std::string(etag)});
  auto held = request.find_header("If-None-Match");
  if (!held || !list_has_tag(*held, etag)) return false;
  response.status = 304;
  response.stored = {};
  return true;
}

void answer_as_asked(const Request &request, std::string_view etag, Response &response) {
  response.headers.push_back({"Accept-Ranges", "bytes"});
  if (answer_if_held(request, etag, response)) return;
  auto range = request.find_header("Range");
  if (!range || request.method != Method::Get) return;
  auto only_of = request.find_header("If-Range");
  if (only_of && wire::trim(*only_of) != etag) return;
  if (auto asked = parse_range(wire::trim(*range))) narrow(*asked, response);
}

}  // namespace sluice::http
