// SPDX-License-Identifier: Apache-2.0
#include "config/print.h"

#include <fmt/format.h>

#include "config/schema.h"
#include "config/value.h"

namespace sluice::config {
namespace {

using Streams = std::map<std::string, StreamOverrides, std::less<>>;
using Writer = std::string (*)(const Field &, const Slot &);

std::string print_streams(Streams &streams, Writer write) {
  if (streams.empty()) return "streams: {}\n";
  std::string text = "streams:\n";
  for (auto &[name, overrides] : streams) {
    std::string keys;
    for (const Field &field : fields()) {
      if (!field.is_override()) continue;
      const std::string value = write(field, field.override_slot(overrides));
      if (!value.empty()) keys += fmt::format("    {}: {}\n", field.key(), value);
    }
    text += fmt::format("  {}:{}\n{}", quote(name), keys.empty() ? " {}" : "", keys);
  }
  return text;
}

}  // namespace

std::string print(const Config &config) {
  Config copy = config;  // slots point to what may change
  std::string text;
  for (const Field &field : fields()) {
    if (field.is_override()) continue;
    if (!field.is_section()) {
      text += fmt::format("  {}: {}\n", field.key(), write_value(field, field.slot(copy)));
    } else if (field.path == "streams") {
      text += print_streams(copy.streams, write_value);
    } else {
      text += fmt::format("{}:\n", field.path);
    }
  }
  return text;
}

std::string print_streams_in_clear(const Streams &streams) {
  Streams copy = streams;  // slots point to what may change
  return print_streams(copy, write_value_in_clear);
}

}  // namespace sluice::config
