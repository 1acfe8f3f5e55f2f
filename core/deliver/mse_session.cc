// SPDX-License-Identifier: Apache-2.0
#include "deliver/mse_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "wire/websocket.h"

namespace sluice::deliver {
namespace {

using base::Code;
using base::Domain;
using base::Json;

constexpr std::size_t kMaxCodecs = 64;
constexpr std::size_t kMaxCodecName = 64;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\"";
  std::size_t from = text.find_first_not_of(kSpace);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

bool is_codec_name(std::string_view name) {
  auto fits = [](char c) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= kMaxCodecName && std::ranges::all_of(name, fits);
}

// One name for what differs only in where parameter sets are, or in profile and level.
std::string_view family(std::string_view codec) {
  std::string_view entry = codec.substr(0, codec.find('.'));
  if (entry == "avc3") return "avc1";
  if (entry == "hev1") return "hvc1";
  if (codec == "mp3" || codec == "mp4a.6B" || codec == "mp4a.6b" || codec == "mp4a.69") {
    return "mp4a.6B";
  }
  if (entry == "Opus") return "opus";
  if (entry == "mp4a") return codec.substr(0, 7);  // with the object type
  return entry;
}

constexpr std::array<std::pair<std::string_view, const char *>, 4> kVideo{
    {{"avc1", "H.264"}, {"hvc1", "H.265"}, {"av01", "AV1"}, {"vp09", "VP9"}}};

const char *video_name(std::string_view codec) {
  const auto *found =
      std::ranges::find(kVideo, family(codec), &decltype(kVideo)::value_type::first);
  return found == kVideo.end() ? nullptr : found->second;
}

bool is_video(std::string_view codec) { return video_name(codec) != nullptr; }

std::string join(const CodecList &names) {
  std::string out;
  for (const std::string &name : names)
    out += out.empty() ? name : "," + name;
  return out;
}

std::string message(const char *type, const char *code, std::string_view value) {
  Json json{{"type", type}};
  if (code != nullptr) json["code"] = code;
  json["value"] = value;
  return base::dump(json);
}

MseReply close(std::string text, std::uint16_t code, const char *end_reason) {
  return {.text = std::move(text), .close_code = code, .end_reason = end_reason};
}

std::optional<MseCommand> word_command(std::string_view word) {
  using Kind = MseCommand::Kind;
  if (word == "pause") return MseCommand{.kind = Kind::Pause, .codecs = {}};
  if (word == "resume") return MseCommand{.kind = Kind::Resume, .codecs = {}};
  if (word == "live") return MseCommand{.kind = Kind::Live, .codecs = {}};
  // There is one of each kind, so whichever are named, they are the same.
  if (word.starts_with("set_tracks=")) return MseCommand{.kind = Kind::Tracks, .codecs = {}};
  return std::nullopt;
}

base::Result<MseCommand> json_command(std::string_view text) {
  auto malformed = [](const char *what) { return base::fail(Domain::Wire, Code::Malformed, what); };
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return malformed("the message is not a JSON object");
  auto type = json.find("type");
  if (type == json.end() || !type->is_string()) return malformed("the message has no type");
  const auto &word = type->get_ref<const std::string &>();
  if (auto known = word_command(word)) return std::move(*known);
  if (word != "mse") return base::fail(Domain::Wire, Code::Unsupported, "no such command");
  auto value = json.find("value");
  if (value == json.end() || !value->is_string()) return malformed("the list of codecs is missing");
  SLUICE_TRY(codecs, parse_codec_list(value->get_ref<const std::string &>()));
  return MseCommand{.kind = MseCommand::Kind::Codecs, .codecs = std::move(codecs)};
}

}  // namespace

base::Result<CodecList> parse_codec_list(std::string_view text) {
  constexpr std::string_view kParameter = "codecs=";
  if (std::size_t at = text.find(kParameter); at != std::string_view::npos) {
    text.remove_prefix(at + kParameter.size());
  }
  CodecList list;
  while (!text.empty()) {
    std::size_t comma = std::min(text.find(','), text.size());
    std::string_view name = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (name.empty()) continue;
    if (!is_codec_name(name)) {
      return base::fail(Domain::Wire, Code::Malformed, "what is listed is no codec (RFC 6381)");
    }
    if (list.size() == kMaxCodecs) {
      return base::fail(Domain::Wire, Code::TooLarge, "the list has too many codecs");
    }
    list.emplace_back(name);
  }
  return list;
}

bool lists_codec(const CodecList &list, std::string_view codec) {
  auto matches = [&](const std::string &name) { return family(name) == family(codec); };
  return std::ranges::any_of(list, matches);
}

std::optional<std::string> missing_codec(const CodecList &list, const std::string &mime) {
  auto needed = parse_codec_list(mime);
  if (!needed || needed->empty()) return std::nullopt;
  auto video = std::ranges::find_if(*needed, is_video);
  const std::string &codec = video != needed->end() ? *video : needed->front();
  return lists_codec(list, codec) ? std::nullopt : std::optional(codec);
}

std::string plain_name(std::string_view codec) {
  const char *name = video_name(codec);
  return name != nullptr ? name : std::string(codec);
}

base::Result<MseCommand> parse_mse_command(base::Bytes text) {
  if (text.size() > kMaxMseText) {
    return base::fail(Domain::Wire, Code::TooLarge, "the message is too long");
  }
  std::string_view words = base::as_text(text);
  std::size_t first = words.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    return base::fail(Domain::Wire, Code::Malformed, "the message is empty");
  }
  if (words[first] == '{') return json_command(words);
  if (auto known = word_command(trim(words))) return std::move(*known);
  SLUICE_TRY(codecs, parse_codec_list(words));
  // A greeting is not a list of one codec that nobody knows.
  if (std::ranges::none_of(codecs, [](const auto &name) { return name.contains('.'); })) {
    return base::fail(Domain::Wire, Code::Malformed, "the message is no command");
  }
  return MseCommand{.kind = MseCommand::Kind::Codecs, .codecs = std::move(codecs)};
}

MseSession::MseSession(Options options, base::MonoTime now)
    : dialect_(options.dialect),
      stream_(std::move(options.stream)),
      reason_(std::move(options.reason)),
      codecs_(std::move(options.codecs)),
      negotiating_(options.negotiate && !codecs_),
      since_(now),
      refilled_(now) {
  // Flussonic's clients get the init segment, and say when they are ready for more.
  if (dialect_ == MseDialect::Flussonic) paused_since_ = now;
}

MseReply MseSession::take(base::Bytes text, base::MonoTime now) {
  if (!take_token(now)) {
    return close(message("error", "too_many_commands", "commands come too fast"),
                 wire::websocket::kPolicy, "protocol_error");
  }
  auto command = parse_mse_command(text);
  if (!command) {
    const char *code =
        command.error().code == Code::Unsupported ? "unknown_command" : "bad_command";
    return {.text = message("error", code, command.error().what)};
  }
  switch (command->kind) {
    case MseCommand::Kind::Codecs:
      return take_codecs(std::move(command->codecs));
    case MseCommand::Kind::Pause:
      return pause(now);
    case MseCommand::Kind::Resume:
      return resume();
    case MseCommand::Kind::Live:
      return go_live("switched_to_live");
    case MseCommand::Kind::Tracks:
      return {.text = event("tracks_switched"), .go_live = !negotiating_, .anew = true};
  }
  return {};
}

bool MseSession::take_token(base::MonoTime now) {
  auto due = static_cast<std::uint64_t>((now - refilled_) / kRefill);
  if (due > 0) {
    tokens_ = static_cast<unsigned>(std::min<std::uint64_t>(kBurst, tokens_ + due));
    refilled_ += kRefill * due;
  }
  if (tokens_ == 0) return false;
  --tokens_;
  return true;
}

// A list that comes when the type has been told is only judged: a second answer would make clients
// add a second buffer.
MseReply MseSession::take_codecs(CodecList codecs) {
  codecs_ = std::move(codecs);
  if (!told_mime_.empty()) return refuse(told_mime_).value_or(MseReply{});
  return {.text = {}, .go_live = std::exchange(negotiating_, false)};
}

MseReply MseSession::pause(base::MonoTime now) {
  if (!paused_since_) paused_since_ = now;
  return {.text = event("paused")};
}

MseReply MseSession::resume() {
  if (paused_since_) return go_live("resumed");
  return {.text = event("resumed")};
}

MseReply MseSession::go_live(const char *event_name) {
  paused_since_.reset();
  return {.text = event(event_name), .go_live = !negotiating_};
}

std::string MseSession::event(const char *name) const {
  if (dialect_ != MseDialect::Flussonic) return {};
  return base::dump(Json{{"type", "event"}, {"event", name}});
}

std::optional<MseReply> MseSession::refuse(const std::string &mime) const {
  auto missing = codecs_ ? missing_codec(*codecs_, mime) : std::nullopt;
  if (!missing) return std::nullopt;
  std::string why = "the stream is " + *missing + "; the client can play " +
                    (codecs_->empty() ? "nothing" : join(*codecs_).substr(0, 256));
  if (!reason_.empty()) why += "; " + reason_;
  return close(message("error", "codec_not_supported", why), wire::websocket::kPolicy,
               "codec_not_supported");
}

MseReply MseSession::announce(const std::string &mime) {
  if (mime == told_mime_) return {};
  if (auto refused = refuse(mime)) return *refused;
  if (dialect_ != MseDialect::Mse) {
    told_mime_ = mime;
    return {};
  }
  Json json{{"type", "mse"}, {"value", mime}};
  if (told_mime_.empty()) {
    json["stream"] = stream_;
    if (!reason_.empty()) json["reason"] = reason_;
  }
  if (auto needed = parse_codec_list(mime); codecs_ && needed) {
    auto missing = Json::array();
    for (const std::string &codec : *needed) {
      if (!lists_codec(*codecs_, codec)) missing.push_back(codec);
    }
    if (!missing.empty()) json["unsupported"] = std::move(missing);
  }
  told_mime_ = mime;
  return {.text = base::dump(json)};
}

MseReply MseSession::check_time(base::MonoTime now, base::Millis pause_max) const {
  if (negotiating_ && now - since_ > kNegotiationTime) {
    return close(message("error", "no_codecs", "the list of codecs did not come in time"),
                 wire::websocket::kPolicy, "protocol_error");
  }
  if (paused_since_ && now - *paused_since_ > pause_max) {
    return close(message("error", "paused_too_long", "the pause was longer than is allowed"),
                 wire::websocket::kPolicy, "paused_too_long");
  }
  return {};
}

}  // namespace sluice::deliver
