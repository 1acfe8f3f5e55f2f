// SPDX-License-Identifier: Apache-2.0
#include "config/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/check.h"
#include "config/schema.h"
#include "config/value.h"

namespace sluice::config {
namespace {

class RuleChecker {
 public:
  RuleChecker(const Bindings &bindings, Report &report)
      : bindings_(bindings), config_(bindings.config), report_(report) {}

  void check_all() {
    check_admin_token();
    check_double_addresses();
    check_tls();
    check_stream_names();
    check_sources();
    check_renditions();
    check_orders();
  }

 private:
  [[nodiscard]] bool is_broken(std::string_view path) const {
    return bindings_.broken.contains(path);
  }

  // Where the value stands that is named first and was set by a file at all.
  [[nodiscard]] Place place_of(std::initializer_list<std::string> paths) const {
    for (const std::string &path : paths) {
      const auto it = bindings_.places.find(path);
      if (it != bindings_.places.end()) return it->second;
    }
    return {report_.file(), {}};
  }

  void error(Place place, std::string message) {
    report_.add(std::move(place), Severity::Error, std::move(message));
  }

  void check_admin_token() {
    if (!bindings_.is_whole || is_broken("admin.token") || is_broken("listen.admin") ||
        !config_.admin.token.empty())
      return;
    for (std::size_t i = 0; i < config_.listen.admin.size(); ++i) {
      const std::string &address = config_.listen.admin[i];
      if (is_loopback_address(address)) continue;
      error(place_of({fmt::format("listen.admin#{}", i)}),
            fmt::format("listen.admin {} is not loopback, so admin.token must be set",
                        show(address)));
    }
  }

  void check_double_addresses() {
    const std::pair<std::string, const std::vector<std::string> *> lists[] = {
        {"listen.http", &config_.listen.http},  {"listen.https", &config_.listen.https},
        {"listen.rtmp", &config_.listen.rtmp},  {"listen.rtmps", &config_.listen.rtmps},
        {"listen.rtsp", &config_.listen.rtsp},  {"listen.rtsps", &config_.listen.rtsps},
        {"listen.admin", &config_.listen.admin}};
    std::map<std::string_view, std::string> seen;
    for (const auto &[path, list] : lists) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string &address = (*list)[i];
        if (has_port_zero(address)) continue;  // each takes another free port
        const auto [it, is_new] = seen.emplace(address, path);
        if (is_new) continue;
        error(place_of({fmt::format("{}#{}", path, i), it->second}),
              fmt::format("{} {} is in use by {} already", path, show(address), it->second));
      }
    }
  }

  void check_tls() {
    const std::size_t certificates = config_.tls.certificates.size();
    const std::size_t keys = config_.tls.keys.size();
    if (!bindings_.is_whole || is_broken("tls.certificates")) return;
    if (keys > certificates && !is_broken("tls.keys")) {
      error(place_of({fmt::format("tls.keys#{}", certificates)}),
            fmt::format("tls.keys has {} files for {} in tls.certificates", keys, certificates));
    }
    if (certificates > 0) return;
    const std::pair<std::string, const std::vector<std::string> *> lists[] = {
        {"listen.https", &config_.listen.https},
        {"listen.rtmps", &config_.listen.rtmps},
        {"listen.rtsps", &config_.listen.rtsps}};
    for (const auto &[path, list] : lists) {
      if (list->empty() || is_broken(path)) continue;
      error(place_of({path + "#0"}), path + " needs a certificate; set tls.certificates");
    }
  }

  void check_stream_names() {
    for (const auto &[name, overrides] : config_.streams) {
      if (name.size() <= config_.stream.max_name_length) continue;
      error(place_of({"streams." + name}),
            fmt::format("the stream name {} is longer than stream.max_name_length, which is {}",
                        show(name), config_.stream.max_name_length));
    }
  }

  // What says how to pull says nothing without a camera.
  void check_sources() {
    for (const auto &[name, overrides] : config_.streams) {
      const std::string path = "streams." + name;
      if (!overrides.source.empty() || is_broken(path + ".source")) continue;
      for (const Field &field : fields()) {
        const std::string own = path + "." + std::string(field.key());
        const bool is_of_source = field.is_override() && find_field("source", field.key());
        if (!is_of_source || !bindings_.places.contains(own)) continue;
        error(place_of({own}), fmt::format("{} needs {}.source, which is not set", own, path));
      }
    }
  }

  // One stream has the list, and it names all the others: nobody has to follow lists from one to
  // the next to know what shows the same.
  void check_renditions() {
    for (const auto &[name, overrides] : config_.streams) {
      const std::string path = fmt::format("streams.{}.renditions", name);
      for (std::size_t i = 0; i < overrides.renditions.size(); ++i) {
        const auto problem = problem_of_rendition(name, i);
        if (problem.empty()) continue;
        error(place_of({fmt::format("{}#{}", path, i)}),
              fmt::format("{} {} {}", path, show(overrides.renditions[i]), problem));
      }
    }
  }

  [[nodiscard]] std::string problem_of_rendition(std::string_view stream, std::size_t index) const {
    const auto &all = config_.renditions(stream);
    const std::string &name = all[index];
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(index);
    if (name == stream) return "is the stream itself";
    if (std::find(all.begin(), end, name) != end) return "is listed twice";
    if (!config_.renditions(name).empty()) {
      return "has renditions of its own; list all of them in one place";
    }
    if (name.size() > config_.stream.max_name_length) {
      return fmt::format("is longer than stream.max_name_length, which is {}",
                         config_.stream.max_name_length);
    }
    return {};
  }

  // `low` must not be above `high`.
  template <class T>
  void check_order(std::string_view low_path, T low, std::string_view high_path, T high) {
    if (low <= high || is_broken(low_path) || is_broken(high_path)) return;
    error(place_of({std::string(low_path), std::string(high_path)}),
          fmt::format("{} must not be above {}", low_path, high_path));
  }

  void check_orders() {
    const Config &c = config_;
    check_order("deliver.flush_interval_min", c.deliver.flush_interval_min,
                "deliver.flush_interval_max", c.deliver.flush_interval_max);
    check_order("deliver.skip_after", c.deliver.skip_after, "deliver.close_after",
                c.deliver.close_after);
    check_order("hls.part", c.hls.part, "hls.segment", c.hls.segment);
    check_order("hls.segment", c.hls.segment, "hls.segment_max", c.hls.segment_max);
    check_order("rtmp.max_message_size_before_publish", c.rtmp.max_message_size_before_publish,
                "rtmp.max_message_size", c.rtmp.max_message_size);
    const bool has_top = c.rtsp.udp_port_max > 0;
    if (has_top) {
      check_order("rtsp.udp_port_min", c.rtsp.udp_port_min, "rtsp.udp_port_max",
                  c.rtsp.udp_port_max);
    }
    check_order("source.retry_min", c.source.retry_min, "source.retry_max", c.source.retry_max);
    const bool ends = c.watchdog.fatal > Millis(0);
    if (ends) check_order("watchdog.warn", c.watchdog.warn, "watchdog.fatal", c.watchdog.fatal);
  }

  const Bindings &bindings_;
  const Config &config_;
  Report &report_;
};

}  // namespace

void check_rules(const Bindings &bindings, Report &report) {
  RuleChecker(bindings, report).check_all();
}

}  // namespace sluice::config
