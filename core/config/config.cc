// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <algorithm>

namespace sluice::config {
namespace {

template <class T>
void lay_over(T &value, const std::optional<T> &own) {
  if (own) value = *own;
}

}  // namespace

PublishPolicy Config::publish_policy(std::string_view stream_name) const {
  const auto it = streams.find(stream_name);
  return it != streams.end() && it->second.publish ? *it->second.publish : stream.publish;
}

bool Config::has_source(std::string_view stream_name) const {
  const auto it = streams.find(stream_name);
  return it != streams.end() && !it->second.source.empty();
}

Source Config::source_settings(std::string_view stream_name) const {
  Source settings = source;
  const auto it = streams.find(stream_name);
  if (it == streams.end()) return settings;
  const StreamOverrides &own = it->second;
  lay_over(settings.transport, own.transport);
  lay_over(settings.on_demand, own.on_demand);
  lay_over(settings.stop_after, own.stop_after);
  lay_over(settings.start_timeout, own.start_timeout);
  lay_over(settings.keep_viewers, own.keep_viewers);
  lay_over(settings.damaged, own.damaged);
  lay_over(settings.verify_tls, own.verify_tls);
  lay_over(settings.connect_timeout, own.connect_timeout);
  lay_over(settings.media_timeout, own.media_timeout);
  return settings;
}

Millis Config::viewer_grace(std::string_view stream_name) const {
  if (!has_source(stream_name)) return stream.viewer_grace;
  const auto it = streams.find(stream_name);
  return it->second.keep_viewers.value_or(source.keep_viewers);
}

const std::vector<std::string> &Config::renditions(std::string_view stream_name) const {
  static const std::vector<std::string> kNone;
  const auto it = streams.find(stream_name);
  return it == streams.end() ? kNone : it->second.renditions;
}

bool Config::is_rendition(std::string_view stream_name) const {
  return std::ranges::any_of(streams, [&](const auto &entry) {
    const auto &[name, own] = entry;
    const auto &others = own.renditions;
    return !others.empty() &&
           (name == stream_name || std::ranges::find(others, stream_name) != others.end());
  });
}

}  // namespace sluice::config
