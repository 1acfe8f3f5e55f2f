// SPDX-License-Identifier: Apache-2.0
// What text must be before any parser looks at it: UTF-8, without control characters.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/report.h"

namespace sluice::config {

// The text with a '?' for each byte that does not belong, so that the rest of it can still be
// checked; the first such byte of a line is reported. Nothing when the text is binary.
std::optional<std::string> clean_text(std::string_view text, Report &report);

}  // namespace sluice::config
