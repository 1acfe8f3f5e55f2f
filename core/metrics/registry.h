// SPDX-License-Identifier: Apache-2.0
// Registry: owns the process's metrics and writes them out. Metrics are registered at start, on one
// thread, before anything runs; the references that registration returns stay good as long as the
// Registry.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "metrics/metrics.h"
#include "metrics/text_writer.h"

namespace sluice::metrics {

class Registry {
 public:
  // shards: the number of loops and one more. A thread with a higher shard is counted in shard 0.
  explicit Registry(unsigned shards = kMaxShards) : shards_(shards) {}

  // name: the full one, with its prefix. The same name with other labels joins the family; the same
  // name with the same labels returns the metric that exists.
  Counter &counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge &gauge(std::string_view name, std::string_view help, Labels labels = {});

  // divisor: what bounds and sum are divided by when written; 1e6 makes seconds of observed
  // microseconds.
  Histogram &histogram(std::string_view name, std::string_view help,
                       std::vector<std::uint64_t> bounds, Labels labels = {}, double divisor = 1);

  // [any thread] After registration has ended.
  void write(TextWriter &writer) const;

 private:
  struct Entry {
    std::string labels;  // rendered
    std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>>
        metric;
  };
  struct Family {
    std::string name;
    std::string help;
    Type type;
    double divisor;
    std::vector<Entry> entries;
  };
  Family &family(std::string_view name, std::string_view help, Type type);
  template <class Metric, class Make>
  Metric &entry(Family &family, Labels labels, Make make);
  static void write_histogram(TextWriter &writer, const Family &family, const std::string &labels,
                              const Histogram &histogram);

  unsigned shards_;
  std::vector<std::unique_ptr<Family>> families_;
};

}  // namespace sluice::metrics
