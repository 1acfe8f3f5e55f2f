// SPDX-License-Identifier: Apache-2.0
// Finds the known name that a misspelt one was most likely meant to be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::config {

// How many letters must be put in, taken out, changed or swapped with their neighbour to make one
// word from the other. Case and the difference between '-' and '_' do not count. Words are compared
// by their first 64 bytes, so that a hostile one costs little.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known key that is nearest to `key`: one of `section`'s own as its plain name, or, when
// another place fits clearly better, with its section ("rtmp.stall_timeout"). An empty section is
// the top.
std::string nearest_key(std::string_view section, std::string_view key);

}  // namespace sluice::config
