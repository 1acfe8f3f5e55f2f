// SPDX-License-Identifier: Apache-2.0
// The log front. One line per event, as text or as a JSON object, written to standard error with
// one write. Fields are key and value; values are escaped, so that nothing from a peer can forge a
// line. Any thread may log. Nothing on a hot path does.
//
//   log::info("publish started", {{"stream", name}, {"peer", address}});
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice::base::log {

enum class Level : std::uint8_t { Debug, Info, Warning, Error };
enum class Format : std::uint8_t { Text, Json };

struct Field {
  std::string_view key;
  std::string value;
  bool is_number = false;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char *v) : key(k), value(v) {}
  Field(std::string_view k, const std::string &v) : key(k), value(v) {}
  Field(std::string_view k, std::integral auto v)
      : key(k), value(std::to_string(v)), is_number(true) {}
};
using Fields = std::initializer_list<Field>;

// Process-wide and atomic; may be changed while running.
void configure(Level level, Format format);
bool enabled(Level level);

void write(Level level, std::string_view message, Fields fields);
inline void debug(std::string_view m, Fields f = {}) { write(Level::Debug, m, f); }
inline void info(std::string_view m, Fields f = {}) { write(Level::Info, m, f); }
inline void warning(std::string_view m, Fields f = {}) { write(Level::Warning, m, f); }
inline void error(std::string_view m, Fields f = {}) { write(Level::Error, m, f); }

// One formatted line with its newline, as write() would print it. For tests.
std::string format_line(Format format, Level level, std::int64_t wall_us, std::string_view message,
                        Fields fields);

// Lets one event through per interval and counts the rest. One static object per place that a peer
// can make noisy:
//   static log::Limiter limiter;
//   if (auto held = limiter.admit()) log::warning("…", {…, {"suppressed", *held}});
class Limiter {
 public:
  explicit Limiter(Millis interval = Millis(1000)) : interval_(interval) {}

  struct Admission {
    bool granted = false;
    std::uint64_t suppressed = 0;  // events held back since the last admission
    explicit operator bool() const { return granted; }
    std::uint64_t operator*() const { return suppressed; }
  };
  Admission admit();  // any thread

 private:
  Millis interval_;
  std::atomic<std::int64_t> next_us_{0};
  std::atomic<std::uint64_t> suppressed_{0};
};

}  // namespace sluice::base::log
