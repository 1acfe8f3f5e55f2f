// SPDX-License-Identifier: Apache-2.0
// URLs and the names of streams in them. What leaves here as a StreamName is safe as a path, in a
// log line and in a page: its characters are from a short list, and no spelling of a slash, a dot
// segment or a NUL gets through.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::wire {

// Decodes %XX once (RFC 3986 section 2.1). Incomplete or non-hexadecimal escapes and a NUL are
// errors. `plus_is_space` is for query values (HTML forms).
[[nodiscard]] base::Result<std::string> percent_decode(std::string_view text,
                                                       bool plus_is_space = false);

// A query string, decoded, in its order.
class Query {
 public:
  static constexpr std::size_t kMaxPairs = 64;

  // Without the leading '?'. Empty pairs are skipped; a name without '=' has an empty value.
  [[nodiscard]] static base::Result<Query> parse(std::string_view text);

  // The first value of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>> &pairs() const {
    return pairs_;
  }
  // Behind what is there already, so that find() prefers the older ones.
  void append(Query other);

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

// A request target cut at its first '?'; a fragment is cut off. Nothing is decoded.
struct Target {
  std::string_view path;
  std::string_view query;
};
[[nodiscard]] Target split_target(std::string_view target);

// "<server>/<camera>". Each part has 1 or more characters of [A-Za-z0-9._~@:+=-] and does not start
// with a dot.
struct StreamName {
  static constexpr std::size_t kMaxLength = 128;

  std::string server;
  std::string camera;

  // `max_length` bounds both parts and the slash between them.
  [[nodiscard]] static base::Result<StreamName> parse(std::string_view server,
                                                      std::string_view camera,
                                                      std::size_t max_length = kMaxLength);
  // The same from "S/C".
  [[nodiscard]] static base::Result<StreamName> parse(std::string_view joined,
                                                      std::size_t max_length = kMaxLength);

  friend auto operator<=>(const StreamName &, const StreamName &) = default;
};
[[nodiscard]] std::string to_string(const StreamName &name);

// "/S/C.flv", still encoded, is {S/C, "flv"}: the extension is what follows the last dot, and is
// empty when there is none.
struct StreamPath {
  StreamName name;
  std::string extension;
};
[[nodiscard]] base::Result<StreamPath> parse_path(std::string_view path,
                                                  std::size_t max_length = StreamName::kMaxLength);

// What an RTMP client calls a stream: connect's app and publish's or play's stream key. Queries of
// both are cut off and joined (the key's come first). These spellings are taken:
//   app "S" key "C", with slashes before and after either; app "S/_definst_"; app "S/C" with an
//   empty key; an empty app with key "S/C"; key "mp4:C", "flv:C", "live:C" (VLC, Flash); app
//   "S...vhost...example.org" (SRS).
// Deeper paths are refused. Nothing is percent-decoded but queries.
struct RtmpName {
  StreamName name;
  Query query;
};
[[nodiscard]] base::Result<RtmpName> parse_rtmp_name(
    std::string_view app, std::string_view key, std::size_t max_length = StreamName::kMaxLength);

}  // namespace sluice::wire
