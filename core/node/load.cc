// SPDX-License-Identifier: Apache-2.0
#include "node/load.h"

#include <fmt/format.h>

#include <utility>

#include "base/clock.h"
#include "config/secret.h"
#include "config/value.h"

namespace sluice::node {
namespace {

using Part = net::TlsCertificateProblem::Part;
using config::Severity;

constexpr std::size_t kMaxFile = 256 * config::kKiB;

class CertificateLoader {
 public:
  explicit CertificateLoader(Loaded &loaded) : loaded_(loaded), tls_(loaded.config.config->tls) {}

  void load_all() {
    for (std::size_t i = 0; i < tls_.certificates.size(); ++i)
      load(i);
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void load(std::size_t index) {
    auto certificate = read(index, Part::Certificate);
    auto key = read(index, Part::Key);
    if (!certificate || !key) return;
    auto parsed = net::TlsCertificate::parse(
        {std::move(*certificate), std::move(*key), tls_.certificates[index]});
    if (!parsed) {
      // A key that is looked for in the certificate's file is that file's problem.
      bool apart = !file_of(index, Part::Key).empty();
      Part part = apart ? parsed.error().part : Part::Certificate;
      return report(index, part, Severity::Error, parsed.error().what);
    }
    check_dates(index, parsed->info());
    loaded_.certificates.push_back(std::move(*parsed));
  }

  [[nodiscard]] std::string file_of(std::size_t index, Part part) const {
    if (part == Part::Certificate) return tls_.certificates[index];
    return index < tls_.keys.size() ? tls_.keys[index] : std::string();
  }

  std::optional<std::string> read(std::size_t index, Part part) {
    std::string file = file_of(index, part);
    if (file.empty()) return std::string();
    auto text = config::read_file_blocking(file, kMaxFile);
    if (text) return std::move(*text);
    report(index, part, Severity::Error, text.error());
    return std::nullopt;
  }

  void check_dates(std::size_t index, const net::TlsCertificateInfo &info) {
    std::int64_t now = base::wall_us() / 1'000'000;
    auto date = [](std::int64_t seconds) {
      return base::rfc3339(seconds * 1'000'000).substr(0, 10);
    };
    if (now >= info.not_after_s) {
      report(index, Part::Certificate, Severity::Warning,
             "holds a certificate that expired on " + date(info.not_after_s));
    } else if (now < info.not_before_s) {
      report(index, Part::Certificate, Severity::Warning,
             "holds a certificate that is not valid before " + date(info.not_before_s));
    }
  }

  void report(std::size_t index, Part part, Severity severity, const std::string &what) {
    failed_ = failed_ || severity == Severity::Error;
    std::string key = part == Part::Certificate ? "tls.certificates" : "tls.keys";
    auto place = loaded_.config.places.find(fmt::format("{}#{}", key, index));
    config::Diagnostic diagnostic;
    if (place != loaded_.config.places.end()) {
      diagnostic.file = place->second.file;
      diagnostic.line = place->second.position.line;
      diagnostic.column = place->second.position.column;
    }
    diagnostic.severity = severity;
    diagnostic.message = fmt::format("{}: {} {}", key, config::show(file_of(index, part)), what);
    loaded_.config.diagnostics.push_back(std::move(diagnostic));
  }

  Loaded &loaded_;
  const config::Tls tls_;
  bool failed_ = false;
};

}  // namespace

Loaded load_blocking(const std::string &config_path) {
  Loaded loaded{config::load(config_path), {}};
  if (!loaded.config.config) return loaded;
  CertificateLoader loader(loaded);
  loader.load_all();
  if (!loader.failed()) return loaded;
  loaded.config.config.reset();
  loaded.certificates.clear();
  return loaded;
}

}  // namespace sluice::node
