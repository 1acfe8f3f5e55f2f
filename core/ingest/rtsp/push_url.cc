// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/push_url.h"

namespace sluice::ingest::rtsp {
namespace {

// What follows the host: "/S/C?token=x/streamid=0". A text without a scheme is that already.
std::string_view target_of(std::string_view uri) {
  std::size_t scheme = uri.find("://");
  if (scheme == std::string_view::npos || scheme > uri.find('/')) return uri;
  std::string_view rest = uri.substr(scheme + 3);
  std::size_t end_of_host = rest.find_first_of("/?");
  return end_of_host == std::string_view::npos ? std::string_view() : rest.substr(end_of_host);
}

std::string_view trim_slashes(std::string_view text) {
  while (text.starts_with('/'))
    text.remove_prefix(1);
  while (text.ends_with('/'))
    text.remove_suffix(1);
  return text;
}

bool ends_with_part(std::string_view target, std::string_view part) {
  target = trim_slashes(target);
  if (!target.ends_with(part)) return false;
  return target.size() == part.size() || target[target.size() - part.size() - 1] == '/';
}

bool means(std::string_view target, std::string_view control) {
  bool is_absolute = control.contains("://");
  std::string_view part = trim_slashes(target_of(control));
  if (part.empty() || control == "*") return false;
  std::string_view path = wire::split_target(target).path;
  if (is_absolute) return trim_slashes(target) == part || trim_slashes(path) == part;
  return ends_with_part(target, part) || ends_with_part(path, part);
}

}  // namespace

base::Result<wire::StreamName> parse_publish_url(std::string_view uri, std::size_t max_length) {
  std::string_view path = trim_slashes(wire::split_target(target_of(uri)).path);
  std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) {
    return base::fail(base::Domain::Rtsp, base::Code::Malformed, "the URL names no stream");
  }
  SLUICE_TRY(server, wire::percent_decode(path.substr(0, slash)));
  SLUICE_TRY(camera, wire::percent_decode(path.substr(slash + 1)));
  return wire::StreamName::parse(server, camera, max_length);
}

std::optional<std::size_t> find_media(std::string_view uri, const wire::sdp::Session &description) {
  std::string_view target = target_of(uri);
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const auto &control = description.media[i].control;
    if (!means(target, control)) continue;
    if (!found || control.size() > description.media[*found].control.size()) found = i;
  }
  bool single = description.media.size() == 1;
  if (!found && single &&
      (description.media[0].control.empty() || description.media[0].control == "*")) {
    return 0;
  }
  return found;
}

}  // namespace sluice::ingest::rtsp
