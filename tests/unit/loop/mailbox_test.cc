// SPDX-License-Identifier: Apache-2.0
#include "loop/mailbox.h"

#include <doctest/doctest.h>

using sluice::loop::Mailbox;
using sluice::loop::Task;

TEST_SUITE("loop") {
  TEST_CASE("mailbox: only the first task after a take asks for a wake-up") {
    Mailbox mailbox(10);
    CHECK(mailbox.put([] {}) == Mailbox::Put::First);
    CHECK(mailbox.put([] {}) == Mailbox::Put::Queued);
    CHECK(mailbox.take().size() == 2);
    CHECK(mailbox.put([] {}) == Mailbox::Put::First);
  }

  TEST_CASE("mailbox: a refused task stays with the sender") {
    Mailbox mailbox(1);
    CHECK(mailbox.put([] {}) == Mailbox::Put::First);
    bool ran = false;
    Task task = [&] { ran = true; };
    CHECK(mailbox.put(std::move(task)) == Mailbox::Put::Refused);
    task();
    CHECK(ran);
  }

  TEST_CASE("mailbox: closed, it refuses, but what is queued may be taken") {
    Mailbox mailbox(10);
    CHECK(mailbox.put([] {}) == Mailbox::Put::First);
    mailbox.close();
    CHECK(mailbox.put([] {}) == Mailbox::Put::Refused);
    CHECK(mailbox.take().size() == 1);
    CHECK(mailbox.take().empty());
  }
}
