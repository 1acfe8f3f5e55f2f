// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <doctest/doctest.h>

#include "http/exchange.h"

using sluice::http::Method;
using sluice::http::Router;

namespace {

// Each route's handler says its name.
struct Named {
  Router router;
  std::string called;

  void add(Method method, const char *pattern, const char *name) {
    router.add(method, pattern, [this, name](auto) { called = name; });
  }
  std::string ask(Method method, const char *path) {
    Router::Match match = router.match(method, path);
    if (match.handler == nullptr)
      return match.allow.empty() ? "404" : "405 " + std::string(match.allow);
    (*match.handler)(nullptr);
    for (const auto &param : match.params)
      called.append(" ").append(param.name).append("=").append(param.value);
    return called;
  }
};

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("router: the most literal pattern wins, whatever the order") {
    Named named;
    named.add(Method::Get, "/{server}/{file}", "stream");
    named.add(Method::Get, "/play/{file}", "play");
    named.add(Method::Get, "/{server}/index", "index");
    named.add(Method::Get, "/flv", "flv");
    named.add(Method::Get, "/", "root");
    CHECK(named.ask(Method::Get, "/a/b.flv") == "stream server=a file=b.flv");
    CHECK(named.ask(Method::Get, "/play/b") == "play file=b");
    CHECK(named.ask(Method::Get, "/play/index") == "play file=index");
    CHECK(named.ask(Method::Get, "/a/index") == "index server=a");
    CHECK(named.ask(Method::Get, "/flv") == "flv");
    CHECK(named.ask(Method::Get, "/") == "root");
  }

  TEST_CASE("router: a path that is not there is not found") {
    Named named;
    named.add(Method::Get, "/{server}/{file}", "stream");
    for (const char *path : {"/", "/a", "/a/", "//", "//b", "/a/b/", "/a/b/c", "*", "", "a/b"}) {
      CHECK(named.ask(Method::Get, path) == "404");
    }
  }

  TEST_CASE("router: HEAD falls back to GET, and a missing method tells the others") {
    Named named;
    named.add(Method::Get, "/x", "get");
    named.add(Method::Delete, "/x/{id}", "delete");
    CHECK(named.ask(Method::Head, "/x") == "get");
    CHECK(named.ask(Method::Delete, "/x") == "405 GET, HEAD, OPTIONS");
    CHECK(named.ask(Method::Get, "/x/1") == "405 DELETE, OPTIONS");
    CHECK(named.ask(Method::Head, "/x/1") == "405 DELETE, OPTIONS");
    CHECK(named.ask(Method::Delete, "/x/1") == "delete id=1");
    named.add(Method::Head, "/x", "head");
    CHECK(named.ask(Method::Head, "/x") == "head");
  }
}
