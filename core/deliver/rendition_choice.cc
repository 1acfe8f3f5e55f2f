// SPDX-License-Identifier: Apache-2.0
#include "deliver/rendition_choice.h"

#include <utility>

#include "wire/text.h"

namespace sluice::deliver {

std::optional<RenditionChoice> RenditionChoice::parse(std::vector<std::string> names,
                                                      std::optional<std::string_view> wish) {
  if (!wish) return RenditionChoice(std::move(names));
  const auto index = *wish == "main"  ? std::optional<std::uint64_t>(0)
                     : *wish == "sub" ? std::optional<std::uint64_t>(1)
                                      : wire::parse_decimal(*wish, names.size());
  if (!index || *index >= names.size()) return std::nullopt;
  return RenditionChoice({std::move(names[*index])});
}

bool RenditionChoice::pass_over(std::string why) {
  if (index_ + 1 == names_.size()) return false;
  ++index_;
  reason_ = std::move(why);
  return true;
}

}  // namespace sluice::deliver
