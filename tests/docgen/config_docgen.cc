// SPDX-License-Identifier: Apache-2.0
// Writes a document made from the configuration's schema to standard output. Not installed.
//   config-docgen sample    > conf/sluice.yaml
//   config-docgen reference > docs/config.md
//   config-docgen manual    > sluice.yaml.5
#include <cstdio>
#include <string>
#include <string_view>

#include "config/document.h"

namespace {

int usage() {
  std::fputs("usage: config-docgen sample|reference|manual\n", stderr);
  return 2;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2) return usage();
  const std::string_view which = argv[1];
  std::string text;
  if (which == "sample") {
    text = sluice::config::sample_yaml();
  } else if (which == "reference") {
    text = sluice::config::reference_markdown();
  } else if (which == "manual") {
    text = sluice::config::manual_page();
  } else {
    return usage();
  }
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return written && std::fflush(stdout) == 0 ? 0 : 1;
}
