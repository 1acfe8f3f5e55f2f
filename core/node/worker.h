// SPDX-License-Identifier: Apache-2.0
// Worker: one loop with everything that serves on it, and the thread that runs it. Workers share
// nothing that changes but tapes' heads and counters; what they must tell each other goes by
// message.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/live.h"
#include "deliver/delivery.h"
#include "deliver/hls_delivery.h"
#include "deliver/snapshots.h"
#include "http/server.h"
#include "ingest/rtmp/rtmp_server.h"
#include "ingest/rtsp/rtsp_pull.h"
#include "ingest/rtsp/rtsp_server.h"
#include "loop/work_pool.h"
#include "net/admission.h"
#include "net/listener.h"
#include "net/resolver.h"
#include "net/tls_metrics.h"
#include "net/tls_server_context.h"
#include "node/entrances.h"
#include "stream/shelf.h"
#include "stream/source_directory.h"
#include "stream/source_table.h"

namespace sluice::node {

// What all workers share; owned by the node, which outlives them.
struct Shared {
  Shared(metrics::Registry &registry, const config::Config &config);

  stream::StreamMetrics stream_metrics;
  stream::SourceMetrics source_metrics;
  ingest::rtmp::RtmpMetrics rtmp_metrics;
  ingest::rtsp::RtspMetrics rtsp_metrics;
  http::ServerMetrics http_metrics;
  deliver::DeliverMetrics deliver_metrics;
  deliver::HlsShared hls;
  deliver::SnapshotMetrics snapshot_metrics;
  net::TlsMetrics tls_metrics;
  net::Admission http_admission;
  net::Admission rtmp_admission;
  net::Admission rtsp_admission;
  std::shared_ptr<tape::BlockPool> blocks;
  loop::WorkPool work;                   // closed by the node before the loops go
  ingest::rtsp::TlsClients tls_clients;  // before the workers take sources

  void apply(const config::Config &config);  // [any thread] the limits of a new configuration
};

http::ServerOptions server_options(const config::Config &config);

class Worker {
 public:
  // Made on the main thread before start(); index counts from 1.
  Worker(std::uint16_t index, std::shared_ptr<const config::Config> config,
         stream::Directory &directory, stream::SourceDirectory &sources, Shared &shared);
  ~Worker();
  Worker(const Worker &) = delete;
  Worker &operator=(const Worker &) = delete;

  // Before start(). Each address is opened anew with SO_REUSEPORT.
  base::Status listen(const Entrance &entrance, const std::vector<net::Address> &addresses);
  [[nodiscard]] std::vector<net::Address> addresses(const Entrance &entrance) const;

  // Before start(), once: sources may have their home here.
  base::Status take_sources(stream::SourceDirectory &sources);

  void start();

  // The end, in three steps, each posted by the main thread when every worker has done the one
  // before.
  // 1. Sources stop, no more connections; viewers and publishers are ended. done runs on the main
  // loop when the
  //    answers under way are written, or at once when `patience` is 0.
  void drain(base::Millis patience, std::function<void()> done);
  // 2. Everything but the shelf is destroyed, which other workers' last messages may still name.
  void dismantle(std::function<void()> done);
  // 3. The shelf is destroyed and the thread ends.
  void finish();
  void join();  // waits for the thread; at once when it was never started

  // A new configuration, and what connections over TLS begin with from now on.
  using Tls = std::shared_ptr<const net::TlsServerContext>;           // null without certificates
  void apply(std::shared_ptr<const config::Config> config, Tls tls);  // [main]

  [[nodiscard]] loop::Loop &loop() { return loop_; }
  [[nodiscard]] stream::Shelf &shelf() { return *shelf_; }
  [[nodiscard]] const deliver::LoopFigures &figures() const { return figures_; }

 private:
  // An open listener.
  struct Door {
    const Entrance &entrance;
    net::TlsService tls;
    std::unique_ptr<net::Listener> listener;
  };
  void accept(const Door &door, std::unique_ptr<net::Socket> socket);
  void wait_for_answers(base::MonoTime until, const std::function<void()> &done);

  loop::Loop loop_;
  loop::Loop &main_;
  config::Live config_;
  Shared &shared_;
  deliver::LoopFigures figures_;
  http::Router router_;
  std::unique_ptr<stream::Shelf> shelf_;
  std::unique_ptr<deliver::Delivery> delivery_;
  std::unique_ptr<deliver::HlsDelivery> hls_;
  std::unique_ptr<deliver::Snapshots> snapshots_;
  std::unique_ptr<http::Server> http_;
  std::unique_ptr<ingest::rtmp::RtmpServer> rtmp_;
  std::unique_ptr<ingest::rtsp::RtspServer> rtsp_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<ingest::rtsp::RtspPulls> pulls_;
  std::unique_ptr<stream::SourceTable> sources_;
  Tls tls_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::unique_ptr<loop::Timer> drain_poll_;
  std::thread thread_;
};

}  // namespace sluice::node
