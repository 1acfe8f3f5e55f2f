// SPDX-License-Identifier: Apache-2.0
#include "http/coding.h"

#include <zlib.h>

#include <algorithm>
#include <optional>

#include "wire/text.h"

namespace sluice::http {
namespace {

// A qvalue in thousandths (RFC 9110 section 12.4.2); what is none is 0, which is "not this one".
int parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  int value = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  int unit = 100;
  for (char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return 0;
    value += (c - '0') * unit;
    unit /= 10;
  }
  return value <= 1000 ? value : 0;
}

// What Accept-Encoding says of the codings that matter here.
struct Weights {
  std::optional<int> gzip;
  std::optional<int> identity;
  std::optional<int> any;

  // "gzip", "gzip;q=0.5"
  void take(std::string_view element) {
    const bool has_parameter = element.contains(';');
    std::string_view coding = wire::trim(wire::take_until(element, ';'));
    int weight = 1000;
    if (has_parameter) {
      std::string_view parameter = wire::trim(element);
      bool is_weight = wire::starts_with_ignoring_case(parameter, "q=");
      weight = is_weight ? parse_weight(parameter.substr(2)) : 0;
    }
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) gzip = weight;
    if (equal_ignoring_case(coding, "identity")) identity = weight;
    if (coding == "*") any = weight;
  }
};

}  // namespace

bool accepts_gzip(const Request &request) {
  Weights weights;
  for (const Field &field : request.headers) {
    if (!equal_ignoring_case(field.name, "Accept-Encoding")) continue;
    for (std::string_view list = field.value; !list.empty();)
      weights.take(wire::take_until(list, ','));
  }
  int gzip = weights.gzip.value_or(weights.any.value_or(0));
  return gzip > 0 && gzip >= weights.identity.value_or(0);
}

std::string gzip(std::string_view text) {
  // A window of 4 KiB: lists repeat what stood a few lines above, and preparing zlib's largest
  // tables takes five times as long as compressing a list does. 16 more stands for gzip's frame.
  constexpr int kWindowBits = 12 + 16;
  constexpr int kMemoryLevel = 5;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  // zlib only reads what it is to compress.
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef *>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool complete = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(complete ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace sluice::http
