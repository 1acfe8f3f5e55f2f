// SPDX-License-Identifier: Apache-2.0
#include "wire/url.h"

#include <algorithm>
#include <iterator>

namespace sluice::wire {
namespace {

using base::Code;
using base::Domain;
using base::Result;
using base::Status;

std::unexpected<base::Error> malformed(const char *what) {
  return base::fail(Domain::Wire, Code::Malformed, what);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_name_character(char c) {
  bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  bool digit = c >= '0' && c <= '9';
  return letter || digit || std::string_view("._~@:+=-").contains(c);
}

Status check_part(std::string_view part) {
  if (part.empty()) return malformed("a part of the stream name is empty");
  if (part.front() == '.') return malformed("a part of the stream name starts with a dot");
  if (!std::ranges::all_of(part, is_name_character)) {
    return malformed("the stream name has a character that is not allowed");
  }
  return {};
}

// What is before `separator`; the rest, without it, stays in `text`.
std::string_view take_until(std::string_view &text, char separator) {
  std::size_t end = text.find(separator);
  std::string_view taken = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return taken;
}

std::string_view trim_slashes(std::string_view text) {
  while (text.starts_with('/'))
    text.remove_prefix(1);
  while (text.ends_with('/'))
    text.remove_suffix(1);
  return text;
}

// An app or a key without its query, SRS's way to name a virtual host, and slashes around it. The
// query is left in `query`.
std::string_view cut_rtmp_part(std::string_view text, std::string_view &query) {
  query = text;
  text = take_until(query, '?');
  return trim_slashes(text.substr(0, text.find("...vhost...")));
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return malformed("a percent escape is incomplete");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return malformed("text has a NUL");
    out.push_back(c);
  }
  return out;
}

Result<Query> Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    std::string_view value = take_until(text, '&');
    if (value.empty()) continue;
    if (query.pairs_.size() == kMaxPairs) {
      return base::fail(Domain::Wire, Code::TooLarge, "the query has too many parameters");
    }
    std::string_view name = take_until(value, '=');
    SLUICE_TRY(decoded_name, percent_decode(name, true));
    SLUICE_TRY(decoded_value, percent_decode(value, true));
    query.pairs_.emplace_back(std::move(decoded_name), std::move(decoded_value));
  }
  return query;
}

std::optional<std::string_view> Query::find(std::string_view name) const {
  for (const auto &[key, value] : pairs_) {
    if (key == name) return value;
  }
  return {};
}

void Query::append(Query other) { std::ranges::move(other.pairs_, std::back_inserter(pairs_)); }

Target split_target(std::string_view target) {
  target = take_until(target, '#');
  Target split;
  split.query = target;
  split.path = take_until(split.query, '?');
  return split;
}

Result<StreamName> StreamName::parse(std::string_view server, std::string_view camera,
                                     std::size_t max_length) {
  if (server.size() + camera.size() + 1 > max_length) {
    return base::fail(Domain::Wire, Code::TooLarge, "the stream name is too long");
  }
  SLUICE_TRY_VOID(check_part(server));
  SLUICE_TRY_VOID(check_part(camera));
  return StreamName{.server = std::string(server), .camera = std::string(camera)};
}

Result<StreamName> StreamName::parse(std::string_view joined, std::size_t max_length) {
  std::string_view server = take_until(joined, '/');
  return parse(server, joined, max_length);
}

std::string to_string(const StreamName &name) { return name.server + '/' + name.camera; }

Result<StreamPath> parse_path(std::string_view path, std::size_t max_length) {
  if (!path.starts_with('/')) return malformed("the path does not start with a slash");
  path.remove_prefix(1);
  // Cut at slashes first and decoded then, so that an escaped slash is a character that names may
  // not have.
  SLUICE_TRY(server, percent_decode(take_until(path, '/')));
  SLUICE_TRY(file, percent_decode(path));
  StreamPath parsed;
  if (std::size_t dot = file.rfind('.'); dot != std::string::npos) {
    parsed.extension = file.substr(dot + 1);
    file.resize(dot);
  }
  if (!std::ranges::all_of(parsed.extension, is_name_character)) {
    return malformed("the path has a character that is not allowed");
  }
  SLUICE_TRY(name, StreamName::parse(server, file, max_length));
  parsed.name = std::move(name);
  return parsed;
}

Result<RtmpName> parse_rtmp_name(std::string_view app, std::string_view key,
                                 std::size_t max_length) {
  std::string_view app_query;
  std::string_view key_query;
  app = cut_rtmp_part(app, app_query);
  key = cut_rtmp_part(key, key_query);
  // The instance that Flash clients name when the user named none.
  if (std::string_view instance = "/_definst_"; app.ends_with(instance))
    app.remove_suffix(instance.size());
  for (std::string_view prefix : {"mp4:", "flv:", "live:"}) {
    if (key.starts_with(prefix)) {
      key.remove_prefix(prefix.size());
      break;
    }
  }
  Result<StreamName> name = app.empty()   ? StreamName::parse(key, max_length)
                            : key.empty() ? StreamName::parse(app, max_length)
                                          : StreamName::parse(app, key, max_length);
  if (!name) return base::fail(name.error());
  SLUICE_TRY(query, Query::parse(key_query));
  SLUICE_TRY(second, Query::parse(app_query));
  query.append(std::move(second));
  return RtmpName{.name = std::move(*name), .query = std::move(query)};
}

}  // namespace sluice::wire
