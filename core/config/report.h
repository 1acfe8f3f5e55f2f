// SPDX-License-Identifier: Apache-2.0
// Collects what is wrong with the files of one loading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "config/load.h"

namespace sluice::config {

class Report {
 public:
  // What is added next belongs to this file.
  void open(std::string file) {
    file_ = std::move(file);
    files_.push_back(file_);
  }
  [[nodiscard]] const std::string &file() const { return file_; }

  void error(Position position, std::string message) {
    add({file_, position}, Severity::Error, std::move(message));
  }
  void add(Place place, Severity severity, std::string message);

  [[nodiscard]] bool has_errors() const { return has_errors_; }
  [[nodiscard]] bool is_full() const { return diagnostics_.size() >= kMax; }

  // Moves everything out, by file in the order of opening, then by position.
  [[nodiscard]] std::vector<Diagnostic> take();
  [[nodiscard]] std::vector<std::string> take_files() { return std::move(files_); }

 private:
  // A file of a megabyte can hold half a million mistakes; nobody reads that many.
  static constexpr std::size_t kMax = 1000;

  using Key = std::tuple<std::size_t, std::uint32_t, std::uint32_t>;  // file, line, column

  void insert(Diagnostic diagnostic);

  std::string file_;
  std::vector<std::string> files_;
  std::multimap<Key, Diagnostic> diagnostics_;
  bool has_errors_ = false;
};

}  // namespace sluice::config
