// SPDX-License-Identifier: Apache-2.0
// The stream that a query names: ?server=S&camera=C.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "http/exchange.h"

namespace sluice::deliver {

// "S/C". Nothing when the query names none: then the request is answered 400.
std::optional<std::string> name_in_query(http::Exchange &exchange, std::size_t max_length);

}  // namespace sluice::deliver
