// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "config/bind.h"
#include "config/report.h"
#include "config/rules.h"
#include "config/secret.h"
#include "config/value.h"
#include "config/yaml_tree.h"

namespace sluice::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 1000;  // of one folder

std::string_view severity_name(Severity severity) {
  return severity == Severity::Error ? "error" : "warning";
}

class Loader {
 public:
  void text(std::string name, std::string_view text) {
    report_.open(std::move(name));
    bind(parse_yaml(text, report_), bindings_, report_);
  }

  void file(const fs::path &path) {
    const auto content = read_file_blocking(path.string(), kMaxFileSize);
    if (content) {
      text(path.string(), *content);
    } else {
      refuse(path.string(), content.error());
    }
  }

  void refuse(std::string name, std::string problem) {
    report_.open(std::move(name));
    report_.error({}, std::move(problem));
    bindings_.is_whole = false;
  }

  void folder(const fs::path &path) {
    for (const fs::path &entry : list(path))
      file(entry);
  }

  LoadResult finish() {
    check_rules(bindings_, report_);
    LoadResult result;
    if (!report_.has_errors()) result.config = std::move(bindings_.config);
    result.places = std::move(bindings_.places);
    result.diagnostics = report_.take();
    result.files = report_.take_files();
    return result;
  }

 private:
  // The folder's *.yaml by name; a folder that is not there has none. Hidden files are left out.
  std::vector<fs::path> list(const fs::path &path) {
    std::vector<fs::path> entries;
    std::error_code error;
    fs::directory_iterator it(path, error);
    for (; !error && it != fs::directory_iterator(); it.increment(error)) {
      const fs::path name = it->path().filename();
      if (name.extension() == ".yaml" && !name.string().starts_with('.')) {
        entries.push_back(it->path());
      }
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      refuse(path.string(), "cannot be read: " + error.message());
    } else if (entries.size() > kMaxFiles) {
      refuse(path.string(), fmt::format("holds more than {} files", kMaxFiles));
      entries.clear();
    }
    std::ranges::sort(entries);
    return entries;
  }

  Bindings bindings_;
  Report report_;
};

}  // namespace

std::string format(const Diagnostic &diagnostic) {
  const std::string_view severity = severity_name(diagnostic.severity);
  if (diagnostic.line == 0) {
    return fmt::format("{}: {}: {}", diagnostic.file, severity, diagnostic.message);
  }
  return fmt::format("{}:{}:{}: {}: {}", diagnostic.file, diagnostic.line, diagnostic.column,
                     severity, diagnostic.message);
}

LoadResult load(const std::string &main_file) {
  Loader loader;
  const fs::path path(main_file);
  loader.file(path);
  loader.folder(path.parent_path() / "conf.d");
  loader.folder(path.parent_path() / "plugins-enabled");
  return loader.finish();
}

LoadResult load_file(const std::string &file) {
  Loader loader;
  loader.file(file);
  return loader.finish();
}

LoadResult load_text(std::string_view name, std::string_view text) {
  Loader loader;
  if (text.size() > kMaxFileSize) {
    loader.refuse(std::string(name), "is larger than " + write_size(kMaxFileSize));
  } else {
    loader.text(std::string(name), text);
  }
  return loader.finish();
}

}  // namespace sluice::config
