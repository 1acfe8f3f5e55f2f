// SPDX-License-Identifier: Apache-2.0
// TextWriter: the Prometheus text format 0.0.4, for values that are computed when they are scraped.
// Every sample belongs to the family that was named last.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::metrics {

inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

enum class Type : std::uint8_t { Counter, Gauge, Histogram };

struct Label {
  std::string_view name;
  std::string_view value;  // any bytes; escaped when written
};
// Borrowed for the call: {{"kind", "video"}} is the usual way to write one.
using Labels = std::initializer_list<Label>;

// name="value",name="value" with the escapes of the format; "" without labels.
std::string render_labels(Labels labels);

class TextWriter {
 public:
  // name: the full one, with its prefix. Starts a family; the samples of one family must follow it
  // at once.
  void family(std::string_view name, Type type, std::string_view help);

  void sample(Labels labels, double value) { line({}, render_labels(labels), value); }
  void sample(Labels labels, std::integral auto value) { line({}, render_labels(labels), value); }

  // With labels that render_labels made, and a suffix to the family's name as histograms need it.
  void line(std::string_view suffix, std::string_view rendered, double value);
  void line(std::string_view suffix, std::string_view rendered, std::integral auto value) {
    begin_line(suffix, rendered);
    text_.append(std::to_string(value)).push_back('\n');
  }

  [[nodiscard]] const std::string &str() const { return text_; }

 private:
  void begin_line(std::string_view suffix, std::string_view rendered);

  std::string text_;
  std::string family_;
};

}  // namespace sluice::metrics
