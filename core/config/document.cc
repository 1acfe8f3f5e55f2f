// SPDX-License-Identifier: Apache-2.0
#include "config/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "config/config.h"
#include "config/schema.h"
#include "config/value.h"

namespace sluice::config {
namespace {

constexpr std::size_t kWidth = 96;

constexpr std::string_view kSampleHead =
    R"text(# The configuration of Sluice. Every key stands here with its default.
#
# This file is read first, then conf.d/*.yaml and plugins-enabled/*.yaml beside it, each folder by
# name. Later files override values and lists of earlier ones, so that changes are best kept in
# conf.d. `sluice check` finds every mistake; `sluice check --print` shows what is in effect.
#
# Durations are written 500ms, 10s, 1m or 2h; sizes 4KiB, 2MiB or 1MB. What is marked (reload) is
# applied to new sessions by a reload (SIGHUP); everything else waits for a restart.
)text";

constexpr std::string_view kReferenceHead = R"text(# Configuration

<!-- Generated from the schema table in core/config/schema.cc; do not edit. -->

`/etc/sluice/sluice.yaml` is read first, then `conf.d/*.yaml` beside it, then `plugins-enabled/*.yaml`
beside it, each folder by name. Later files override the values and lists of earlier ones; maps are
merged. [conf/sluice.yaml](../conf/sluice.yaml) is a complete example with every default.

`sluice check` finds every mistake in one run and names its file, line and column; an unknown key is a
mistake. `sluice check --print` shows what is in effect.

- **duration**: a whole number with `ms`, `s`, `m` or `h`: `500ms`, `10s`, `1m`.
- **size**: a whole number with `B`, `KiB`, `MiB`, `GiB`, or the decimal `KB`, `MB`, `GB`.
- **secret**: the value itself, `@/path/to/file` for the content of a file, or `${NAME}` for a variable
  of the environment. Secrets are never printed.
- YAML anchors, aliases and tags are refused, as are files above 1 MiB and nesting above 32 levels.

A reload (SIGHUP) applies the keys marked *reload* to new sessions. The others wait for a restart. A
file with a mistake changes nothing.
)text";

constexpr std::string_view kManualHead =
    R"text(.\" Generated from the schema table in core/config/schema.cc; do not edit.
.TH SLUICE.YAML 5 "" "Sluice" "Sluice"
.SH NAME
sluice.yaml \- configuration of the Sluice streaming edge node
.SH DESCRIPTION
.I /etc/sluice/sluice.yaml
is read first, then
.I conf.d/*.yaml
and
.I plugins-enabled/*.yaml
beside it, each folder by name. Later files override the values and lists of earlier ones; maps are
merged.
.B sluice check
finds every mistake in one run.
.PP
A duration is a whole number with ms, s, m or h; a size one with B, KiB, MiB, GiB, KB, MB or GB. A
secret may be given as @/path for the content of a file, or ${NAME} for a variable of the environment.
Keys marked (reload) are applied to new sessions by SIGHUP; the others wait for a restart.
)text";

constexpr std::string_view kManualTail = R"text(.SH FILES
.I /etc/sluice/sluice.yaml
.br
.I /etc/sluice/conf.d/*.yaml
.br
.I /etc/sluice/plugins-enabled/*.yaml
.SH SEE ALSO
.BR sluice (1)
)text";

// Breaks text into comment lines of at most kWidth columns.
std::string comment(std::string_view text, std::string_view indent) {
  std::string out;
  std::string line = fmt::format("{}#", indent);
  const std::size_t start = line.size();
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (line.size() > start && line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line.resize(start);
    }
    line.append(" ").append(word);
  }
  return out + line + "\n";
}

std::string default_text(const Field &field) {
  Config defaults;
  return field.is_override() ? "" : write_value(field, field.slot(defaults));
}

// What follows a key's help: what it takes, and whether a reload applies it; may be empty.
std::string notes(const Field &field) {
  const std::string range = describe_range(field);
  std::string text = range.empty() ? "" : fmt::format("Takes {}.", range);
  if (field.is_live()) text += text.empty() ? "(reload)" : " (reload)";
  return text;
}

std::string sample_key(const Field &field) {
  std::string text = comment(field.help, "  ");
  if (const std::string more = notes(field); !more.empty()) text += comment(more, "  ");
  if (field.is_override()) return fmt::format("{}  #  {}: {}\n", text, field.key(), field.example);
  return fmt::format("{}  {}: {}\n", text, field.key(), default_text(field));
}

std::string markdown_row(const Field &field) {
  std::string kind(field.is_secret() ? "secret" : describe_type(field));
  if (const std::string range = describe_range(field); !range.empty()) kind += ": " + range;
  const std::string value = default_text(field);
  const std::string shown = value.empty() ? "" : fmt::format("`{}`", value);
  return fmt::format("| `{}` | {} | {} | {} | {} |\n", field.key(), kind, shown,
                     field.is_live() ? "reload" : "restart", field.help);
}

std::string markdown_section(const Field &field) {
  return fmt::format(
      "\n## {}\n\n{}\n\n| key | type | default | applied by | meaning |\n|---|---|---|---|---|\n",
      field.path, field.help);
}

// Markdown's backquotes become quotes; what roff would read as a command is defused.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '`':
        out += '"';
        break;
      default:
        out += c;
    }
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char &c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string manual_key(const Field &field) {
  std::string text(field.help);
  if (const std::string more = notes(field); !more.empty()) text += " " + more;
  if (const std::string value = default_text(field); !value.empty()) {
    text += fmt::format(" Default: {}.", value);
  }
  return fmt::format(".TP\n.B {}\n{}\n", roff(field.path), roff(text));
}

}  // namespace

std::string sample_yaml() {
  std::string text(kSampleHead);
  for (const Field &field : fields()) {
    if (field.is_section()) {
      text += "\n" + comment(field.help, "") + fmt::format("{}:\n", field.path);
      if (field.path == "streams") text += "  #\"uin1/gate\":\n";
    } else {
      text += sample_key(field);
    }
  }
  return text;
}

std::string reference_markdown() {
  std::string text(kReferenceHead);
  for (const Field &field : fields()) {
    text += field.is_section() ? markdown_section(field) : markdown_row(field);
  }
  return text;
}

std::string manual_page() {
  std::string text(kManualHead);
  for (const Field &field : fields()) {
    text += field.is_section() ? fmt::format(".SH {}\n{}\n", upper(field.path), roff(field.help))
                               : manual_key(field);
  }
  return text + std::string(kManualTail);
}

}  // namespace sluice::config
