// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

namespace sluice::base::log {
namespace {

std::atomic<Level> g_level{Level::Info};
std::atomic<Format> g_format{Format::Text};

// A line longer than this is cut; a peer's text never makes it larger.
constexpr std::size_t kMaxValue = 1024;

const char *level_name(Level level) {
  switch (level) {
    case Level::Debug:
      return "debug";
    case Level::Info:
      return "info";
    case Level::Warning:
      return "warning";
    case Level::Error:
      return "error";
  }
  return "error";
}

// JSON string escapes; everything outside printable ASCII becomes \u00xx, so a line stays one line
// whatever encoding a peer claims.
void append_escaped(std::string &out, std::string_view text) {
  for (char c : text.substr(0, kMaxValue)) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
}

void append_quoted(std::string &out, std::string_view text) {
  out.push_back('"');
  append_escaped(out, text);
  out.push_back('"');
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text.substr(0, kMaxValue)) {
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=') return false;
  }
  return true;
}

void append_json_field(std::string &out, const Field &field) {
  out.push_back(',');
  append_quoted(out, field.key);
  out.push_back(':');
  if (field.is_number) {
    out.append(field.value);
  } else {
    append_quoted(out, field.value);
  }
}

void append_text_field(std::string &out, const Field &field) {
  out.push_back(' ');
  out.append(field.key).push_back('=');
  if (is_plain(field.value)) {
    out.append(std::string_view(field.value).substr(0, kMaxValue));
  } else {
    append_quoted(out, field.value);
  }
}

}  // namespace

void configure(Level level, Format format) {
  g_level.store(level, std::memory_order_relaxed);
  g_format.store(format, std::memory_order_relaxed);
}

bool enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

std::string format_line(Format format, Level level, std::int64_t wall_us, std::string_view message,
                        Fields fields) {
  std::string line;
  if (format == Format::Json) {
    line = fmt::format(R"({{"time":"{}","level":"{}","message":)", rfc3339(wall_us),
                       level_name(level));
    append_quoted(line, message);
    for (const Field &field : fields)
      append_json_field(line, field);
    line.push_back('}');
  } else {
    line = fmt::format("{} {:<7} ", rfc3339(wall_us), level_name(level));
    append_escaped(line, message);
    for (const Field &field : fields)
      append_text_field(line, field);
  }
  line.push_back('\n');
  return line;
}

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  std::string line =
      format_line(g_format.load(std::memory_order_relaxed), level, wall_us(), message, fields);
  // A log that cannot be written must not stop the node, so the result is not looked at.
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

Limiter::Admission Limiter::admit() {
  auto now = std::chrono::duration_cast<Micros>(mono_now().time_since_epoch()).count();
  auto next = next_us_.load(std::memory_order_relaxed);
  auto later = now + std::chrono::duration_cast<Micros>(interval_).count();
  if (now < next || !next_us_.compare_exchange_strong(next, later, std::memory_order_relaxed)) {
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  return {true, suppressed_.exchange(0, std::memory_order_relaxed)};
}

}  // namespace sluice::base::log
