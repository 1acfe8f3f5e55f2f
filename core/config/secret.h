// SPDX-License-Identifier: Apache-2.0
// Secrets may stand outside of the configuration: "@/path" is the content of a file, "${NAME}" a
// variable of the environment. Small files are read here for the whole folder.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/value.h"

namespace sluice::config {

// The secret itself, without line ends at its end. Problems never show any of it.
Parsed<std::string> resolve_secret(std::string_view text);

// A regular file of at most `limit` bytes. Blocks on the disk, but never on a pipe or a device.
Parsed<std::string> read_file_blocking(const std::string &path, std::size_t limit);

}  // namespace sluice::config
