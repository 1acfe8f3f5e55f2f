// SPDX-License-Identifier: Apache-2.0
#include "mux/fmp4_messages.h"

#include <array>
#include <charconv>
#include <string_view>

#include "base/hash.h"
#include "base/json.h"
#include "media/describe.h"
#include "mux/fmp4_init.h"
#include "mux/fmp4_writer.h"
#include "wire/websocket.h"

namespace sluice::mux {

namespace {

using base::Json;
using media::Kind;
using media::Track;
using wire::websocket::Opcode;

constexpr std::uint64_t kMicros = 1'000'000;

void append_header(std::string &out, Opcode opcode, std::size_t length) {
  std::array<char, wire::websocket::kMaxServerHeader> header;
  out.append(header.data(), wire::websocket::write_header(header.data(), opcode, length));
}

std::string text_message(const Json &json) {
  const std::string text = base::dump(json);
  std::string out;
  wire::websocket::append_frame(out, Opcode::Text, base::as_bytes(text));
  return out;
}

// In base64, with the track alone.
std::string init_of(const Track &track) {
  media::TrackSet alone;
  alone.of(media::kind_of(track.codec)) = track;
  const std::string init = fmp4_init(alone);
  return base::base64(base::as_bytes(init));
}

template <class Take>
void for_each_track(const media::TrackSet &carried, Take take) {
  for (const auto *track : {&carried.video, &carried.audio}) {
    if (*track) take(**track);
  }
}

// mse-player shows these to its page, and looks for the track with id N at place N - 1.
Json flussonic_metadata(const Track &track) {
  const bool video = media::kind_of(track.codec) == Kind::Video;
  Json json{{"track_id", video ? "v1" : "a1"},
            {"content", video ? "video" : "audio"},
            {"codec", media::codec_name(track.codec)}};
  if (track.width > 0 && track.height > 0) {
    json["width"] = track.width;
    json["height"] = track.height;
  }
  return json;
}

std::string flussonic_init(const media::TrackSet &carried) {
  Json tracks = Json::array();
  Json metadata = Json::array();
  for_each_track(carried, [&](const Track &track) {
    Json described = flussonic_metadata(track);
    tracks.push_back({{"content", described["content"]},
                      {"id", fmp4_track_id(track)},
                      {"payload", init_of(track)}});
    metadata.push_back(std::move(described));
  });
  return text_message({{"type", "mse_init_segment"},
                       {"tracks", std::move(tracks)},
                       {"metadata", {{"tracks", std::move(metadata)}}}});
}

void append_flussonic_lead(std::string &out, const Fmp4Fragment &fragment) {
  append_header(out, Opcode::Binary, fragment.size);
}

std::string ivideon_init(const media::TrackSet &carried) {
  std::string out;
  for_each_track(carried, [&](const Track &track) {
    out += text_message({{"type", "stream-init"},
                         {"codec_string", fmp4_codec(track)},
                         {"data", init_of(track)},
                         {"track_id", fmp4_track_id(track)}});
  });
  return out;
}

// The words of one fragment, in memory of their own, which suffices for the largest numbers: there
// are as many as there are frames.
class Words {
 public:
  void text(std::string_view text) { at_ = std::ranges::copy(text, at_).out; }
  void number(std::uint64_t number) { at_ = std::to_chars(at_, buffer_.end(), number).ptr; }
  void seconds(std::uint64_t time, std::uint32_t scale) {
    number(time / scale);
    // One before the digits keeps the zeros at their front, and gives its place to the point.
    char *const point = at_;
    number(kMicros + time % scale * kMicros / scale);
    *point = '.';
  }
  [[nodiscard]] std::string_view view() const { return {buffer_.begin(), at_}; }

 private:
  std::array<char, 256> buffer_{};
  char *at_ = buffer_.begin();
};

void append_ivideon_lead(std::string &out, const Fmp4Fragment &fragment) {
  Words words;
  words.text(R"({"type":"fragment","track":)");
  words.number(fragment.track);
  words.text(R"(,"start_time":)");
  words.seconds(fragment.time, fragment.scale);
  words.text(R"(,"duration":)");
  words.seconds(fragment.duration, fragment.scale);
  words.text(R"(,"is_key":)");
  words.text(fragment.key ? "true" : "false");
  words.text(R"(,"data_offset":)");
  words.number(fragment.data_offset);
  words.text("}");
  append_header(out, Opcode::Text, words.view().size());
  out.append(words.view());
  append_header(out, Opcode::Binary, fragment.size);
}

}  // namespace

const Fmp4Dialect kFlussonicDialect{.init = flussonic_init, .append_lead = append_flussonic_lead};
const Fmp4Dialect kIvideonDialect{.init = ivideon_init, .append_lead = append_ivideon_lead};

}  // namespace sluice::mux
