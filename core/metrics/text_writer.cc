// SPDX-License-Identifier: Apache-2.0
#include "metrics/text_writer.h"

#include <array>
#include <charconv>
#include <cmath>

namespace sluice::metrics {
namespace {

const char *type_name(Type type) {
  switch (type) {
    case Type::Counter:
      return "counter";
    case Type::Gauge:
      return "gauge";
    case Type::Histogram:
      return "histogram";
  }
  return "untyped";
}

// The format escapes quotes in label values but not in help texts.
void append_escaped(std::string &out, std::string_view text, bool quotes) {
  for (char c : text) {
    if (c == '\n') {
      out.append("\\n");
    } else if (c == '\\' || (quotes && c == '"')) {
      out.append({'\\', c});
    } else {
      out.push_back(c);
    }
  }
}

void append_double(std::string &out, double value) {
  if (std::isnan(value)) {
    out.append("NaN");
  } else if (std::isinf(value)) {
    out.append(value > 0 ? "+Inf" : "-Inf");
  } else {
    std::array<char, 32> digits{};
    auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out.append(digits.data(), end);
  }
}

}  // namespace

std::string render_labels(Labels labels) {
  std::string out;
  for (const Label &label : labels) {
    if (!out.empty()) out.push_back(',');
    out.append(label.name).append("=\"");
    append_escaped(out, label.value, true);
    out.push_back('"');
  }
  return out;
}

void TextWriter::family(std::string_view name, Type type, std::string_view help) {
  family_ = name;
  text_.append("# HELP ").append(name).push_back(' ');
  append_escaped(text_, help, false);
  text_.append("\n# TYPE ").append(name).append(" ").append(type_name(type)).push_back('\n');
}

void TextWriter::line(std::string_view suffix, std::string_view rendered, double value) {
  begin_line(suffix, rendered);
  append_double(text_, value);
  text_.push_back('\n');
}

void TextWriter::begin_line(std::string_view suffix, std::string_view rendered) {
  text_.append(family_).append(suffix);
  if (!rendered.empty()) text_.append("{").append(rendered).append("}");
  text_.push_back(' ');
}

}  // namespace sluice::metrics
