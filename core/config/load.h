// SPDX-License-Identifier: Apache-2.0
// Reads configuration files into a Config. Every mistake in every file is found in one run; a
// Config comes out only when there is none. Loading blocks on the disk and belongs to the main
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace sluice::config {

enum class Severity : std::uint8_t { Warning, Error };

struct Diagnostic {
  std::string file;
  std::uint32_t line = 0;  // from 1; 0 when the message is about the file as a whole
  std::uint32_t column = 0;
  Severity severity = Severity::Error;
  std::string message;  // a short sentence without a full stop; never holds a secret

  friend bool operator==(const Diagnostic &, const Diagnostic &) = default;
};

// One line: "sluice.yaml:3:5: error: unknown key …".
std::string format(const Diagnostic &diagnostic);

// From 1; a line of 0 is the file as a whole.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend bool operator==(const Position &, const Position &) = default;
};

struct Place {
  std::string file;
  Position position;
};

// Where each value stands that a file has set: paths are the schema's, with "#0" for the first
// value of a list and the stream's name for an entry of `streams`.
using Places = std::map<std::string, Place, std::less<>>;

struct LoadResult {
  std::optional<Config> config;         // absent when any diagnostic is an error
  std::vector<Diagnostic> diagnostics;  // by file in the order of reading, then by position
  std::vector<std::string> files;       // what was read, in order
  Places places;                        // for what is found out about values later
};

// The main file, then conf.d/*.yaml beside it, then plugins-enabled/*.yaml beside it, each folder
// by name. Later files override the values and lists of earlier ones; maps are merged.
LoadResult load(const std::string &main_file);

// One file alone, without the folders beside it.
LoadResult load_file(const std::string &file);

// One document from memory; `name` stands for the file's name in the diagnostics.
LoadResult load_text(std::string_view name, std::string_view text);

}  // namespace sluice::config
