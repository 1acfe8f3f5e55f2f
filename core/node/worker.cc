// SPDX-License-Identifier: Apache-2.0
#include "node/worker.h"

#include <utility>

#include "deliver/player.h"

namespace sluice::node {
namespace {

net::Admission::Limits http_limits(const config::Config &config) {
  return {config.http.max_connections, config.http.max_connections_per_address};
}

net::Admission::Limits rtmp_limits(const config::Config &config) {
  return {config.rtmp.max_connections, config.rtmp.max_connections_per_address};
}

net::Admission::Limits rtsp_limits(const config::Config &config) {
  return {config.rtsp.max_connections, config.rtsp.max_connections_per_address};
}

std::string_view http_alpn(const config::Config &config) {
  return config.http.http2 ? http::kAlpnHttp2AndHttp1 : http::kAlpnHttp1;
}

}  // namespace

Shared::Shared(metrics::Registry &registry, const config::Config &config)
    : stream_metrics(registry),
      source_metrics(registry),
      rtmp_metrics(registry),
      rtsp_metrics(registry),
      http_metrics(registry),
      deliver_metrics(registry),
      hls(registry, deliver_metrics),
      snapshot_metrics(registry),
      tls_metrics(registry),
      http_admission(http_limits(config)),
      rtmp_admission(rtmp_limits(config)),
      rtsp_admission(rtsp_limits(config)),
      blocks(std::make_shared<tape::BlockPool>()),
      work({.threads = loop::WorkPool::threads_for(std::thread::hardware_concurrency())}) {}

void Shared::apply(const config::Config &config) {
  http_admission.set_limits(http_limits(config));
  rtmp_admission.set_limits(rtmp_limits(config));
  rtsp_admission.set_limits(rtsp_limits(config));
}

http::ServerOptions server_options(const config::Config &config) {
  http::ServerOptions options;
  options.header_timeout = config.http.header_timeout;
  options.idle_timeout = config.http.idle_timeout;
  options.send_timeout = config.http.send_timeout;
  options.limits.max_header_bytes = config.http.max_header_bytes;
  options.limits.max_headers = config.http.max_headers;
  options.cors_origin = config.http.cors_origin;
  return options;
}

Worker::Worker(std::uint16_t index, std::shared_ptr<const config::Config> config,
               stream::Directory &directory, stream::SourceDirectory &sources, Shared &shared)
    : loop_(index, "sluice-" + std::to_string(index)),
      main_(directory.loop()),
      config_(std::move(config)),
      shared_(shared),
      shelf_(std::make_unique<stream::Shelf>(
          stream::Shelf::Context{loop_, directory, config_, shared.stream_metrics, shared.blocks,
                                 &sources, &shared.work})),
      delivery_(std::make_unique<deliver::Delivery>(*shelf_, shared.deliver_metrics, figures_)),
      hls_(std::make_unique<deliver::HlsDelivery>(*shelf_, shared.hls)),
      snapshots_(
          std::make_unique<deliver::Snapshots>(*shelf_, shared.snapshot_metrics, shared.work)),
      rtmp_(std::make_unique<ingest::rtmp::RtmpServer>(*shelf_, shared.rtmp_metrics,
                                                       shared.rtmp_admission)),
      rtsp_(std::make_unique<ingest::rtsp::RtspServer>(*shelf_, shared.rtsp_metrics,
                                                       shared.rtsp_admission)) {
  delivery_->set_snapshots(*snapshots_);
  delivery_->add_routes(router_);
  hls_->add_routes(router_);
  deliver::add_player_routes(router_, *shelf_);
  http_ = std::make_unique<http::Server>(loop_, server_options(*config_), router_,
                                         shared.http_metrics, shared.http_admission);
  directory.add_shelf(*shelf_);
  sources.add_shelf(*shelf_);
}

Worker::~Worker() { join(); }

base::Status Worker::take_sources(stream::SourceDirectory &sources) {
  net::Resolver::Options options;
  options.servers = config_->node.resolvers;
  SLUICE_TRY(resolver, net::Resolver::open(loop_, std::move(options)));
  resolver_ = std::move(resolver);
  pulls_ = std::make_unique<ingest::rtsp::RtspPulls>(*shelf_, shared_.rtsp_metrics, *resolver_,
                                                     shared_.tls_clients);
  sources_ = std::make_unique<stream::SourceTable>(loop_, *pulls_, sources);
  sources.add_table(*sources_);
  return {};
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

base::Status Worker::listen(const Entrance &entrance, const std::vector<net::Address> &addresses) {
  for (const net::Address &address : addresses) {
    auto door = std::make_unique<Door>(Door{entrance, {}, nullptr});
    auto on_accept = [this, raw = door.get()](std::unique_ptr<net::Socket> socket) {
      accept(*raw, std::move(socket));
    };
    SLUICE_TRY(listener, net::Listener::open(loop_, address, std::move(on_accept)));
    // The same on every worker, on which the port is known now.
    door->tls.name = std::string(entrance.name) + " " + listener->address().to_string();
    door->tls.http = entrance.spoken == Spoken::Http;
    if (door->tls.http) door->tls.alpn = http_alpn(*config_);
    door->listener = std::move(listener);
    doors_.push_back(std::move(door));
  }
  return {};
}

std::vector<net::Address> Worker::addresses(const Entrance &entrance) const {
  std::vector<net::Address> bound;
  for (const auto &door : doors_) {
    if (&door->entrance == &entrance) bound.push_back(door->listener->address());
  }
  return bound;
}

void Worker::accept(const Door &door, std::unique_ptr<net::Socket> socket) {
  if (door.entrance.tls) {
    // Without a context or memory there is nobody to speak with.
    if (tls_ == nullptr || !socket->start_tls_server(tls_, door.tls)) return;
  }
  switch (door.entrance.spoken) {
    case Spoken::Http:
      return http_->accept(std::move(socket));
    case Spoken::Rtmp:
      return rtmp_->accept(std::move(socket));
    case Spoken::Rtsp:
      return rtsp_->accept(std::move(socket));
  }
}

void Worker::start() {
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::drain(base::Millis patience, std::function<void()> done) {
  loop_.tell([this, patience, done = std::move(done)] {
    sources_->close();
    doors_.clear();
    delivery_->drain();
    hls_->drain();
    snapshots_->drain();
    rtmp_->drain();
    rtsp_->drain();
    http_->drain();
    // Sources say goodbye at the loop's next turn.
    auto until = base::mono_now() + patience;
    loop_.defer([this, until, done] { wait_for_answers(until, done); });
  });
}

void Worker::wait_for_answers(base::MonoTime until, const std::function<void()> &done) {
  bool done_here = http_->size() == 0 && pulls_->leaving() == 0;
  if (done_here || base::mono_now() >= until) {
    main_.tell([done] { done(); });
    return;
  }
  constexpr base::Millis kLookAgain{20};
  auto again = [this, until, done] { loop_.defer([=, this] { wait_for_answers(until, done); }); };
  drain_poll_ = std::make_unique<loop::Timer>(loop_, again);
  drain_poll_->start(kLookAgain);
}

void Worker::dismantle(std::function<void()> done) {
  loop_.tell([this, done = std::move(done)] {
    drain_poll_.reset();
    http_.reset();
    delivery_.reset();
    hls_.reset();
    snapshots_.reset();
    rtmp_.reset();
    rtsp_.reset();
    sources_.reset();
    pulls_.reset();
    resolver_.reset();
    main_.tell([done] { done(); });
  });
}

void Worker::finish() {
  loop_.tell([this] { shelf_.reset(); });
  loop_.stop();
}

void Worker::apply(std::shared_ptr<const config::Config> config, Tls tls) {
  loop_.tell([this, config = std::move(config), tls = std::move(tls)]() mutable {
    config_.set(std::move(config));
    tls_ = std::move(tls);
    http_->set_options(server_options(*config_));
    for (auto &door : doors_) {
      if (door->tls.http) door->tls.alpn = http_alpn(*config_);
    }
  });
}

}  // namespace sluice::node
