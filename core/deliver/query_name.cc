// SPDX-License-Identifier: Apache-2.0
#include "deliver/query_name.h"

#include "wire/url.h"

namespace sluice::deliver {

std::optional<std::string> name_in_query(http::Exchange &exchange, std::size_t max_length) {
  const auto &query = exchange.request().query;
  auto name = wire::StreamName::parse(query.find("server").value_or(""),
                                      query.find("camera").value_or(""), max_length);
  if (name) return wire::to_string(*name);
  exchange.respond_error(400, "bad_name", "the query must name a stream: ?server=S&camera=C");
  return std::nullopt;
}

}  // namespace sluice::deliver
