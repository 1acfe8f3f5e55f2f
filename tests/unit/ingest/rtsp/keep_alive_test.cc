// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/keep_alive.h"

#include <doctest/doctest.h>

using namespace sluice;
using ingest::rtsp::KeepAlive;
using Method = KeepAlive::Method;

TEST_SUITE("ingest/rtsp") {
  TEST_CASE("keep-alive: GET_PARAMETER is used by whoever names it") {
    KeepAlive alive;
    alive.learn_public("OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, GET_PARAMETER, SET_PARAMETER");
    CHECK(alive.method() == Method::GetParameter);
    CHECK(alive.name() == "GET_PARAMETER");
  }

  TEST_CASE("keep-alive: a method that Public does not name is not tried") {
    KeepAlive alive;
    alive.learn_public("OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY");
    CHECK(alive.name() == "OPTIONS");
    alive.answered(501);
    CHECK(alive.method() == Method::Reports);
  }

  TEST_CASE("keep-alive: a camera that names nothing is asked with OPTIONS") {
    KeepAlive alive;
    alive.learn_public("");
    CHECK(alive.name() == "OPTIONS");
    alive.answered(405);
    CHECK(alive.name() == "SET_PARAMETER");
  }

  TEST_CASE("keep-alive: each refusal moves on by one, and reports are the last resort") {
    KeepAlive alive;
    alive.learn_public("OPTIONS, GET_PARAMETER, SET_PARAMETER");
    alive.answered(200);
    CHECK(alive.name() == "GET_PARAMETER");
    alive.answered(454);
    CHECK(alive.name() == "OPTIONS");
    alive.answered(501);
    CHECK(alive.name() == "SET_PARAMETER");
    alive.answered(451);
    CHECK(alive.method() == Method::Reports);
    CHECK(alive.name().empty());
    alive.answered(451);
    CHECK(alive.method() == Method::Reports);
  }

  TEST_CASE("keep-alive: a session that ends when it would have timed out has not taken the sign") {
    const base::Millis timeout{60'000};
    KeepAlive alive;
    alive.learn_public("OPTIONS, GET_PARAMETER, SET_PARAMETER");
    alive.ended(base::Millis(5'000), timeout);
    alive.ended(base::Millis(3'600'000), timeout);
    CHECK(alive.method() == Method::GetParameter);
    alive.ended(base::Millis(61'000), timeout);
    CHECK(alive.method() == Method::Options);
    alive.ended(base::Millis(60'000), timeout);
    alive.ended(base::Millis(60'000), timeout);
    CHECK(alive.method() == Method::Reports);
    alive.ended(base::Millis(90'000), timeout);
    CHECK(alive.method() == Method::GetParameter);
  }

  TEST_CASE("keep-alive: what the camera took before is where it begins") {
    KeepAlive alive(Method::SetParameter);
    alive.learn_public("OPTIONS, GET_PARAMETER, SET_PARAMETER");
    CHECK(alive.name() == "SET_PARAMETER");
    KeepAlive other(Method::SetParameter);
    other.learn_public("OPTIONS, GET_PARAMETER");
    CHECK(other.method() == Method::Reports);
    KeepAlive silent(Method::Reports);
    silent.learn_public("");
    CHECK(silent.method() == Method::Reports);
  }

  TEST_CASE("keep-alive: the interval is half of the timeout, within bounds") {
    CHECK(KeepAlive::interval(base::Millis(60'000)) == base::Millis(25'000));
    CHECK(KeepAlive::interval(base::Millis(10'000)) == base::Millis(5'000));
    CHECK(KeepAlive::interval(base::Millis(5'000)) == base::Millis(2'500));
    CHECK(KeepAlive::interval(base::Millis(1'000)) == base::Millis(1'000));
    CHECK(KeepAlive::interval(base::Millis(86'400'000)) == base::Millis(25'000));
  }
}
