// SPDX-License-Identifier: Apache-2.0
// The admin API's calls about pulled sources: listing, adding and removing them.
#include <utility>

#include "http/exchange.h"
#include "node/admin_api.h"
#include "node/admin_json.h"
#include "node/node.h"
#include "wire/url.h"

namespace sluice::node {
namespace {

void answer(http::Exchange &exchange, std::string json) {
  http::Response response;
  response.body = std::move(json);
  exchange.respond(std::move(response));
}

void refuse(http::Exchange &exchange, const Node::Refusal &why) {
  exchange.respond_error(why.status, why.code, why.message);
}

}  // namespace

// The name in the path, or an answered exchange.
std::optional<std::string> AdminApi::source_name(http::Exchange &exchange) {
  const auto &request = exchange.request();
  auto name = wire::StreamName::parse(request.param("server"), request.param("camera"),
                                      node_.config().stream.max_name_length);
  if (name) return wire::to_string(*name);
  exchange.respond_error(400, "bad_name", "the path must end with /<server>/<camera>");
  return std::nullopt;
}

void AdminApi::answer_source(http::Exchange &exchange, const std::string &name) {
  auto json = source_json(node_, name);
  if (!json) return exchange.respond_error(404, "not_found", "no such source");
  answer(exchange, std::move(*json));
}

void AdminApi::sources(Taken exchange) { answer(*exchange, sources_json(node_)); }

void AdminApi::source(Taken exchange) {
  if (auto name = source_name(*exchange)) answer_source(*exchange, *name);
}

void AdminApi::put_source(Taken exchange) {
  auto name = source_name(*exchange);
  if (!name) return;
  auto done = node_.put_source(*name, exchange->request().body);
  if (!done) return refuse(*exchange, done.error());
  answer_source(*exchange, *name);
}

void AdminApi::remove_source(Taken exchange) {
  auto name = source_name(*exchange);
  if (!name) return;
  auto done = node_.remove_source(*name);
  if (!done) return refuse(*exchange, done.error());
  answer(*exchange, removed_json(*name));
}

}  // namespace sluice::node
