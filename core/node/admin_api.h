// SPDX-License-Identifier: Apache-2.0
// AdminApi: health, metrics and the control API, on listeners of their own on the main loop. What
// it shows of other loops it asks for by message.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
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

  base::Status listen(const std::vector<net::Address> &addresses);
  [[nodiscard]] std::vector<net::Address> addresses() const;

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

  Node &node_;
  // As it was at start, like the addresses that it protects: a reload changes neither.
  const std::string token_;
  http::Router router_;
  net::Admission admission_;
  std::unique_ptr<http::Server> server_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

}  // namespace sluice::node
