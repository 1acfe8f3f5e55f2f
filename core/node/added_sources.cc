// SPDX-License-Identifier: Apache-2.0
#include "node/added_sources.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "config/load.h"
#include "config/print.h"
#include "config/value.h"
#include "net/fd.h"

namespace sluice::node {
namespace {

using base::Code;
using base::Domain;
using base::Json;

constexpr std::string_view kHead =
    "# Sources that were added through the admin API; the node writes this file.\n";

base::Status write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return base::fail(base::system_error("cannot write the sources"));
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

// Either the old text or the new one is found after a crash, never a part.
base::Status replace_file(const std::string &path, std::string_view text) {
  const std::string fresh = path + ".new";
  {
    net::Fd file(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) return base::fail(base::system_error("cannot write to node.state_dir"));
    if (::fchmod(file.get(), 0600) != 0) {
      return base::fail(base::system_error("cannot protect the sources"));
    }
    SLUICE_TRY_VOID(write_all(file.get(), text));
    if (::fsync(file.get()) != 0) return base::fail(base::system_error("cannot keep the sources"));
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) {
    return base::fail(base::system_error("cannot replace the sources"));
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  net::Fd parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.get() >= 0) ::fsync(parent.get());
  return {};
}

bool names_a_secret_elsewhere(const Json &value) {
  if (value.is_string()) {
    const auto &text = value.get_ref<const std::string &>();
    return text.starts_with('@') || text.starts_with("${");
  }
  if (!value.is_array()) return false;
  for (const Json &item : value) {
    if (names_a_secret_elsewhere(item)) return true;
  }
  return false;
}

// An object of values and lists, no deeper: a body that is only brackets must not exhaust the stack
// when it is written again.
std::expected<Json, std::string> parse_flat_object(std::string_view body) {
  constexpr int kMaxDepth = 2;
  bool is_deep = false;
  auto watch = [&is_deep](int depth, Json::parse_event_t, Json &) {
    is_deep = is_deep || depth > kMaxDepth;
    return !is_deep;
  };
  Json json = Json::parse(body, watch, false);
  if (is_deep) return std::unexpected("the body is nested too deeply");
  if (!json.is_object()) return std::unexpected("the body must be a JSON object");
  return json;
}

}  // namespace

AddedSources::AddedSources(const std::string &state_dir) : path_(state_dir + "/sources.yaml") {
  std::error_code ignored;
  if (!std::filesystem::exists(path_, ignored)) return;
  auto loaded = config::load_file(path_);
  for (const auto &diagnostic : loaded.diagnostics) {
    base::log::error("added sources", {{"diagnostic", config::format(diagnostic)}});
  }
  is_broken_ = !loaded.config.has_value();
  if (!is_broken_) streams_ = std::move(loaded.config->streams);
}

base::Status AddedSources::put(const std::string &name, config::StreamOverrides overrides) {
  Streams next = streams_;
  next[name] = std::move(overrides);
  if (next.size() > kMaxSources) {
    return base::fail(Domain::Config, Code::Busy, "too many sources were added");
  }
  return keep(std::move(next));
}

base::Status AddedSources::remove(const std::string &name) {
  Streams next = streams_;
  next.erase(name);
  return keep(std::move(next));
}

base::Status AddedSources::keep(Streams next) {
  if (is_broken_) {
    return base::fail(Domain::Config, Code::Operator,
                      "the kept sources have mistakes, which the log names; mend the file or take "
                      "it away, and restart");
  }
  const std::string text = std::string(kHead) + config::print_streams_in_clear(next);
  if (text.size() > kMaxBytes) {
    return base::fail(Domain::Config, Code::Busy, "the added sources are too large together");
  }
  SLUICE_TRY_VOID(replace_file(path_, text));
  streams_ = std::move(next);
  return {};
}

config::Config AddedSources::laid_over(const config::Config &own) const {
  config::Config both = own;
  for (const auto &[name, overrides] : streams_) {
    if (both.streams.try_emplace(name, overrides).second) continue;
    base::log::warning("a source that was added is hidden by the configuration",
                       {{"stream", name}});
  }
  return both;
}

std::expected<config::StreamOverrides, std::string> parse_added_source(const std::string &name,
                                                                       std::string_view body) {
  auto json = parse_flat_object(body);
  if (!json) return std::unexpected(json.error());
  for (const auto &[key, value] : json->items()) {
    if (names_a_secret_elsewhere(value)) {
      return std::unexpected(key == "source" ? "source must be a URL itself, or a list of them"
                                             : "a value may not name a file or a variable");
    }
  }
  if (!json->contains("source")) return std::unexpected("source is missing");
  // JSON is YAML, so the loader of the configuration reads and checks it.
  const std::string text = "streams:\n  " + config::quote(name) + ": " + base::dump(*json) + "\n";
  auto loaded = config::load_text("body", text);
  if (loaded.config) return std::move(loaded.config->streams[name]);
  return std::unexpected(loaded.diagnostics.empty() ? "the body is not valid"
                                                    : loaded.diagnostics.front().message);
}

}  // namespace sluice::node
