// SPDX-License-Identifier: Apache-2.0
// AdminApi: health, metrics and the control API, on listeners of their own on the main loop. What
// it shows of other loops it asks for by message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "http/server.h"
#include "net/admission.h"
#include "net/listener.h"
#include "stream/session.h"

namespace sluice::node {

class Node;

class AdminApi {
 public:
  explicit AdminApi(Node &node);
  ~AdminApi();
  AdminApi(const AdminApi &) = delete;
  AdminApi &operator=(const AdminApi &) = delete;

  base::Status listen(const std::vector<net::Address> &addresses);
  [[nodiscard]] std::vector<net::Address> addresses() const;
  void apply(const config::Config &config);  // a new configuration

 private:
  using Taken = std::unique_ptr<http::Exchange>;
  // Adds a route that wants the token, when one is configured.
  void add(http::Method method, const char *pattern, void (AdminApi::*answer)(Taken));
  [[nodiscard]] bool authorized(const http::Request &request) const;

  void health(Taken exchange);
  void readiness(Taken exchange);
  void metrics(Taken exchange);
  void node(Taken exchange);
  void streams(Taken exchange);
  void sessions(Taken exchange);
  void kick(Taken exchange);
  void sources(Taken exchange);
  void source(Taken exchange);
  void put_source(Taken exchange);
  void remove_source(Taken exchange);
  std::optional<std::string> source_name(http::Exchange &exchange);
  void answer_source(http::Exchange &exchange, const std::string &name);

  // A request that has asked workers something. It stays here and only its number travels, because
  // a message that a full mailbox refuses is destroyed on the worker's thread.
  using Number = std::uint64_t;
  struct Asked {
    Taken exchange;
    std::size_t missing = 0;  // replies
    std::vector<stream::SessionInfo> sessions;
  };
  Number keep(Taken exchange, std::size_t replies);
  void take_sessions(Number number, std::vector<stream::SessionInfo> part);
  void take_kick(Number number, base::SessionId id, bool kicked);

  Node &node_;
  // As it was at start, like the addresses that it protects: a reload changes neither.
  const std::string token_;
  http::Router router_;
  net::Admission admission_;
  std::unordered_map<Number, Asked> asked_;
  Number last_number_ = 0;
  std::unique_ptr<http::Server> server_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::shared_ptr<AdminApi *> self_;  // null inside once destroyed: replies of workers ask it
};

}  // namespace sluice::node
