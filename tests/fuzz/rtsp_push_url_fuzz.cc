// SPDX-License-Identifier: Apache-2.0
// The URLs of RTSP pushers: a name that comes out is safe, and a media that is found is one of the
// description's.
#include <algorithm>
#include <string>

#include "base/check.h"
#include "fuzz_input.h"
#include "ingest/rtsp/push_url.h"

using namespace sluice;

// The first line is the URL, each further one a media's control attribute.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  std::string_view text = base::as_text(fuzz::input_bytes(data, size));
  std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view uri = text.substr(0, end);
  wire::sdp::Session description;
  while (end < text.size() && description.media.size() < 32) {
    std::size_t next = std::min(text.find('\n', end + 1), text.size());
    wire::sdp::Media media;
    media.control = text.substr(end + 1, next - end - 1);
    description.media.push_back(std::move(media));
    end = next;
  }
  if (auto name = ingest::rtsp::parse_publish_url(uri, wire::StreamName::kMaxLength)) {
    std::string joined = wire::to_string(*name);
    SLUICE_CHECK(wire::StreamName::parse(joined) == *name);
    auto again = ingest::rtsp::parse_publish_url("rtsp://host/" + joined, 128);
    SLUICE_CHECK(again.has_value() && *again == *name);
  }
  if (auto place = ingest::rtsp::find_media(uri, description)) {
    SLUICE_CHECK(*place < description.media.size());
  }
  return 0;
}
