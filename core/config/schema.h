// SPDX-License-Identifier: Apache-2.0
// The schema: one table with a row per key. The loader, the checks, the defaults that are shown,
// the printed configuration, the commented sample, docs/config.md and the manual page all come from
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace sluice::config {

// Where a key's value lives. The pointer's type is also the key's type: text, a list of text, a
// count, a size, a duration, true or false, or one of a few words. An optional one is of an entry
// of `streams`.
using Slot =
    std::variant<std::string *, std::vector<std::string> *, std::uint32_t *, std::uint64_t *,
                 Millis *, bool *, base::log::Level *, base::log::Format *, PublishPolicy *,
                 H265InFlv *, HlsSession *, SoundTranscode *, SoundInFlv *, TlsMinVersion *,
                 TlsKernel *, SourceTransport *, Damaged *, std::optional<PublishPolicy> *,
                 std::optional<Millis> *, std::optional<bool> *, std::optional<SourceTransport> *,
                 std::optional<Damaged> *>;

// A further rule on one text value: what is wrong with it, or nothing. The answer never quotes it.
using Check = std::optional<std::string> (*)(std::string_view);

enum Flag : unsigned {
  kLive = 1,    // a reload applies it to new sessions; otherwise it waits for a restart
  kSecret = 2,  // may come from a file or the environment, and is never shown
  // URLs, which may come from there too: one or a list of them. Shown without what is secret in
  // them, and never quoted when they are wrong.
  kUrls = 4,
};

struct Field {
  std::string_view path;  // "rtmp" opens a section; "rtmp.stall_timeout" is a key of it
  Slot (*slot)(Config &) = nullptr;
  Slot (*override_slot)(StreamOverrides &) = nullptr;  // keys of an entry of `streams`

  // For counts, bytes and milliseconds. Of a list, max is how many items it may have, when it is
  // not 0.
  std::uint64_t min = 0;
  std::uint64_t max = 0;

  std::string_view zero;  // the word that stands for 0, which is then outside of min and max
  Check check = nullptr;
  unsigned flags = 0;
  std::string_view help;       // whole sentences, in Markdown without lists
  std::string_view example{};  // of an override: what the commented sample sets it to

  [[nodiscard]] bool is_section() const { return slot == nullptr && override_slot == nullptr; }
  [[nodiscard]] bool is_override() const { return override_slot != nullptr; }
  [[nodiscard]] bool is_live() const { return (flags & kLive) != 0; }
  [[nodiscard]] bool is_secret() const { return (flags & kSecret) != 0; }
  [[nodiscard]] bool has_urls() const { return (flags & kUrls) != 0; }
  [[nodiscard]] std::string_view section() const { return path.substr(0, path.find('.')); }
  [[nodiscard]] std::string_view key() const { return path.substr(path.rfind('.') + 1); }
};

// Every row: a section's own row first, then its keys, in the order in which people read them.
std::span<const Field> fields();

// The row of that section and key, or null. An entry of `streams` has the section "streams".
const Field *find_field(std::string_view section, std::string_view key);

bool is_section_name(std::string_view name);

}  // namespace sluice::config
