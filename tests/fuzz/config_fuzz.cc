// SPDX-License-Identifier: Apache-2.0
// Configuration files: whatever text goes in, there is either a configuration that prints and loads
// as itself, or a list of mistakes that are safe to show on a terminal.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "config/diff.h"
#include "config/load.h"
#include "config/print.h"
#include "config/source_url.h"
#include "fuzz_input.h"

namespace {

using namespace sluice;

void check_diagnostic(const config::Diagnostic &diagnostic, std::size_t lines) {
  SLUICE_CHECK(diagnostic.file == "fuzz");
  SLUICE_CHECK(diagnostic.line <= lines);
  SLUICE_CHECK(!diagnostic.message.empty() && diagnostic.message.size() < 512);
  SLUICE_CHECK(std::ranges::none_of(diagnostic.message,
                                    [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
}

// A printed configuration has no secret in it, which the rules would miss.
void check_round_trip(config::Config parsed) {
  const auto streams = config::load_text("kept", config::print_streams_in_clear(parsed.streams));
  SLUICE_CHECK(parsed.stream.max_name_length > 128 || streams.config.has_value());
  if (streams.config) SLUICE_CHECK(streams.config->streams == parsed.streams);
  for (auto &[name, overrides] : parsed.streams) {
    for (std::string &url : overrides.source)
      url = config::redact_url(url);
  }
  if (!parsed.admin.token.empty()) parsed.listen.admin.clear();
  parsed.admin.token.clear();
  const auto again = config::load_text("printed", config::print(parsed));
  SLUICE_CHECK(again.config.has_value());
  SLUICE_CHECK(*again.config == parsed);
  SLUICE_CHECK(config::diff(*again.config, parsed).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view text = base::as_text(fuzz::input_bytes(data, size));
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 2;
  const config::LoadResult result = config::load_text("fuzz", text);
  for (const config::Diagnostic &diagnostic : result.diagnostics) {
    check_diagnostic(diagnostic, lines);
  }
  SLUICE_CHECK(result.config.has_value() == result.diagnostics.empty());
  if (result.config) check_round_trip(*result.config);
  return 0;
}
