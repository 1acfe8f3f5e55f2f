// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/resource.h>
#include <sysexits.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "node/load.h"
#include "node/node.h"
#include "node/run.h"

namespace sluice::node {
namespace {

// A node holds a descriptor per connection; the soft limit of a login shell is far too low.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int run(const std::string &config_path) {
  Loaded found = load_blocking(config_path);
  config::LoadResult &loaded = found.config;
  for (const auto &diagnostic : loaded.diagnostics) {
    std::fprintf(stderr, "%s\n", config::format(diagnostic).c_str());
  }
  if (!loaded.config) {
    std::fprintf(stderr, "sluice: the configuration has mistakes; the node was not started\n");
    return EX_CONFIG;
  }
  base::log::configure(loaded.config->log.level, loaded.config->log.format);
  signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  Node node(config_path, std::move(*loaded.config), std::move(found.certificates));
  if (auto started = node.start(); !started) return EXIT_FAILURE;
  return node.run();
}

}  // namespace sluice::node
