// SPDX-License-Identifier: Apache-2.0
#include "metrics/registry.h"

#include <doctest/doctest.h>

using namespace sluice::metrics;

namespace {

std::string written(const Registry &registry) {
  TextWriter writer;
  registry.write(writer);
  return writer.str();
}

}  // namespace

TEST_SUITE("metrics") {
  TEST_CASE("registry: metrics of one name are written as one family, in order of registration") {
    Registry registry;
    Counter &in = registry.counter("sluice_frames_total", "Frames.", {{"kind", "video"}});
    registry.gauge("sluice_streams", "Streams.").add(-3);
    registry.counter("sluice_frames_total", "Frames.", {{"kind", "audio"}}).add(7);
    in.add(2);
    CHECK(written(registry) ==
          "# HELP sluice_frames_total Frames.\n"
          "# TYPE sluice_frames_total counter\n"
          "sluice_frames_total{kind=\"video\"} 2\n"
          "sluice_frames_total{kind=\"audio\"} 7\n"
          "# HELP sluice_streams Streams.\n"
          "# TYPE sluice_streams gauge\n"
          "sluice_streams -3\n");
  }

  TEST_CASE("registry: the same name and labels give the same metric") {
    Registry registry;
    Counter &first = registry.counter("sluice_x_total", "X.", {{"a", "b"}});
    Counter &again = registry.counter("sluice_x_total", "X.", {{"a", "b"}});
    CHECK(&first == &again);
  }

  TEST_CASE("registry: a histogram is written with cumulated buckets in the unit of its divisor") {
    Registry registry;
    Histogram &join = registry.histogram("sluice_join_seconds", "Joining.", {5'000, 1'000'000},
                                         {{"protocol", "http-flv"}}, 1e6);
    for (std::uint64_t us : {1'000U, 5'000U, 500'000U, 2'000'000U})
      join.observe(us);
    CHECK(written(registry) ==
          "# HELP sluice_join_seconds Joining.\n"
          "# TYPE sluice_join_seconds histogram\n"
          "sluice_join_seconds_bucket{protocol=\"http-flv\",le=\"0.005\"} 2\n"
          "sluice_join_seconds_bucket{protocol=\"http-flv\",le=\"1\"} 3\n"
          "sluice_join_seconds_bucket{protocol=\"http-flv\",le=\"+Inf\"} 4\n"
          "sluice_join_seconds_sum{protocol=\"http-flv\"} 2.506\n"
          "sluice_join_seconds_count{protocol=\"http-flv\"} 4\n");
  }

  TEST_CASE("text writer: quotes, backslashes and line feeds in label values are escaped") {
    TextWriter writer;
    writer.family("sluice_x", Type::Gauge, "A \"help\"\nwith \\ in it.");
    writer.sample({{"stream", "a\"b\\c\nd"}, {"n", "1"}}, 1);
    CHECK(writer.str() ==
          "# HELP sluice_x A \"help\"\\nwith \\\\ in it.\n"
          "# TYPE sluice_x gauge\n"
          "sluice_x{stream=\"a\\\"b\\\\c\\nd\",n=\"1\"} 1\n");
  }

  TEST_CASE("text writer: floating point values are written as Prometheus reads them") {
    TextWriter writer;
    writer.family("sluice_x", Type::Gauge, "X.");
    std::string head = writer.str();
    writer.sample({}, 0.25);
    writer.sample({}, 1e300 * 1e300);
    writer.sample({}, -1e300 * 1e300);
    writer.sample({}, std::uint64_t{18'446'744'073'709'551'615U});
    CHECK(writer.str().substr(head.size()) ==
          "sluice_x 0.25\nsluice_x +Inf\nsluice_x -Inf\nsluice_x 18446744073709551615\n");
  }
}
