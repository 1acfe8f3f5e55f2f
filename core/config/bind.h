// SPDX-License-Identifier: Apache-2.0
// Binds a file's tree to the schema: finds each key's row, reads its value and stores it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/report.h"
#include "config/yaml_tree.h"

namespace sluice::config {

// What the files have set so far. Paths are the schema's, with "#0" for the first value of a list
// and the stream's name for an entry of `streams`.
struct Bindings {
  Config config;
  Places places;                              // where each value stands that was taken
  std::set<std::string, std::less<>> broken;  // keys that were set to something wrong
  bool is_whole =
      true;  // false when something could not be read, so that more may be set than this
};

// Later files are bound over earlier ones: values and lists are replaced, maps are merged.
void bind(const YamlDocument &document, Bindings &bindings, Report &report);

}  // namespace sluice::config
