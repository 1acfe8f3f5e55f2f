// SPDX-License-Identifier: Apache-2.0
#include "config/diff.h"

#include <set>
#include <utility>

#include "config/schema.h"
#include "config/value.h"

namespace sluice::config {
namespace {

constexpr std::string_view kUnset = "unset";

// Slots point to what may change, so the two configurations are copied.
class Differ {
 public:
  Differ(const Config &before, const Config &after) : before_(before), after_(after) {}

  std::vector<Change> run() {
    for (const Field &field : fields()) {
      if (field.is_section() || field.is_override()) continue;
      compare(field, std::string(field.path), field.slot(before_), field.slot(after_));
    }
    compare_streams();
    return std::move(changes_);
  }

 private:
  void compare(const Field &field, std::string path, const Slot &before, const Slot &after) {
    const auto same = [&after](const auto *value) {
      return *value == *std::get<std::remove_cvref_t<decltype(*value)> *>(after);
    };
    if (std::visit(same, before)) return;
    changes_.push_back(
        {std::move(path), text_of(field, before), text_of(field, after), field.is_live()});
  }

  static std::string text_of(const Field &field, const Slot &slot) {
    std::string text = write_value(field, slot);
    return text.empty() ? std::string(kUnset) : text;
  }

  void compare_streams() {
    std::set<std::string> names;
    for (const auto &[name, overrides] : before_.streams)
      names.insert(name);
    for (const auto &[name, overrides] : after_.streams)
      names.insert(name);
    for (const std::string &name : names) {
      for (const Field &field : fields()) {
        if (!field.is_override()) continue;
        compare(field, "streams." + name + "." + std::string(field.key()),
                field.override_slot(before_.streams[name]),
                field.override_slot(after_.streams[name]));
      }
    }
  }

  Config before_;
  Config after_;
  std::vector<Change> changes_;
};

}  // namespace

std::vector<Change> diff(const Config &before, const Config &after) {
  return Differ(before, after).run();
}

}  // namespace sluice::config
