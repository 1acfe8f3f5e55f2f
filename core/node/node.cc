// SPDX-License-Identifier: Apache-2.0
#include "node/node.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <thread>
#include <utility>

#include "base/log.h"
#include "config/diff.h"
#include "net/tls_kernel.h"
#include "node/load.h"
#include "node/notify.h"

namespace sluice::node {
namespace {

// Tape memory that nobody has needed for one to two of these goes back to the system.
constexpr base::Millis kTrim{5000};

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "sluice";
}

unsigned worker_count(const config::Config &config) {
  if (config.node.workers > 0) return config.node.workers;
  return std::clamp(std::thread::hardware_concurrency(), 1U, 256U);
}

metrics::Counter &reload_counter(metrics::Registry &registry, const char *result) {
  return registry.counter("sluice_config_reloads_total", "Reloads of the configuration.",
                          {{"result", result}});
}

std::vector<net::Address> parse_all(const std::vector<std::string> &texts) {
  std::vector<net::Address> parsed;
  for (const std::string &text : texts) {
    // The schema has checked them already.
    if (auto address = net::Address::parse(text)) parsed.push_back(*address);
  }
  return parsed;
}

std::vector<std::string> texts(const std::vector<net::Address> &addresses) {
  std::vector<std::string> out;
  for (const net::Address &address : addresses)
    out.push_back(address.to_string());
  return out;
}

std::string joined(const std::vector<std::string> &words) {
  std::string out;
  for (const std::string &word : words)
    out.append(out.empty() ? "" : ",").append(word);
  return out;
}

// SO_REUSEPORT, which the workers need to share a port, would let a second node share it too.
base::Status probe_all(const std::vector<net::Address> &addresses) {
  for (const net::Address &address : addresses)
    SLUICE_TRY_VOID(net::Listener::probe(address));
  return {};
}

}  // namespace

Node::Node(std::string config_path, config::Config config,
           std::vector<net::TlsCertificate> certificates)
    : config_path_(std::move(config_path)),
      main_(0, "sluice"),
      registry_(worker_count(config) + 1),
      added_(config.node.state_dir),
      own_config_(std::make_shared<const config::Config>(std::move(config))),
      config_(std::make_shared<const config::Config>(added_.laid_over(*own_config_))),
      shared_(registry_, *config_),
      reloads_ok_(reload_counter(registry_, "ok")),
      reloads_failed_(reload_counter(registry_, "failed")),
      directory_(main_, config_, shared_.stream_metrics),
      sources_(main_, config_, directory_, shared_.source_metrics),
      first_certificates_(std::move(certificates)),
      tickets_(std::make_shared<net::TlsTickets>()),
      id_(config_->node.id.empty() ? host_name() : config_->node.id),
      started_wall_us_(base::wall_us()),
      started_(base::mono_now()) {}

Node::~Node() = default;

std::int64_t Node::uptime_s() const {
  return std::chrono::duration_cast<std::chrono::seconds>(base::mono_now() - started_).count();
}

base::Status Node::start() {
  SLUICE_TRY(tls, make_tls(*config_, std::move(first_certificates_)));
  tls_ = std::move(tls);
  admin_ = std::make_unique<AdminApi>(*this);
  auto ready = make_workers();
  if (ready) ready = listen();
  if (!ready) {
    finish();
    return ready;
  }
  std::vector<loop::Loop *> watched{&main_};
  for (auto &worker : workers_)
    watched.push_back(&worker->loop());
  watchdog_ = std::make_unique<loop::Watchdog>(
      watched, loop::Watchdog::Limits{config_->watchdog.warn, config_->watchdog.fatal});
  for (auto &worker : workers_)
    worker->start();
  sources_.apply();
  signals_.push_back(std::make_unique<loop::Signal>(main_, SIGTERM, [this] { on_terminate(); }));
  signals_.push_back(std::make_unique<loop::Signal>(main_, SIGINT, [this] { on_terminate(); }));
  signals_.push_back(std::make_unique<loop::Signal>(main_, SIGHUP, [this] { reload(); }));
  if (auto period = watchdog_period(); period.count() > 0) {
    service_watchdog_ =
        std::make_unique<loop::Timer>(main_, [] { notify_service_manager("WATCHDOG=1"); });
    service_watchdog_->start_repeating(period);
  }
  return {};
}

base::Status Node::make_workers() {
  auto snapshot = std::make_shared<const config::Config>(*config_);
  auto ready = make_tls_clients();
  for (unsigned i = 1; ready && i <= worker_count(*config_); ++i) {
    auto index = static_cast<std::uint16_t>(i);
    workers_.push_back(std::make_unique<Worker>(index, snapshot, directory_, sources_, shared_));
    workers_.back()->apply(snapshot, tls_);
    ready = workers_.back()->take_sources(sources_);
  }
  if (!ready) {
    base::log::error("cannot get ready for cameras", {{"why", base::describe(ready.error())}});
  }
  return ready;
}

base::Status Node::make_tls_clients() {
  using net::TlsClientContext;
  SLUICE_TRY(verified, TlsClientContext::make_blocking({.trust = net::TlsTrust::System}));
  SLUICE_TRY(unverified, TlsClientContext::make_blocking({.trust = net::TlsTrust::Anyone}));
  shared_.tls_clients = {std::move(verified), std::move(unverified)};
  return {};
}

// Logs what went wrong. Null without certificates.
base::Result<Worker::Tls> Node::make_tls(const config::Config &config,
                                         std::vector<net::TlsCertificate> certificates) {
  if (certificates.empty()) return Worker::Tls();
  net::TlsServerOptions options;
  options.certificates = std::move(certificates);
  bool only_13 = config.tls.min_version == config::TlsMinVersion::V13;
  options.min_version = only_13 ? net::TlsVersion::Tls13 : net::TlsVersion::Tls12;
  options.kernel = config.tls.kernel == config::TlsKernel::Auto && net::kernel_has_tls();
  options.tickets = tickets_;
  options.metrics = &shared_.tls_metrics;
  auto context = net::TlsServerContext::make(std::move(options));
  if (!context) {
    base::log::error("TLS cannot be set up", {{"why", base::describe(context.error())}});
    return context;
  }
  for (const net::TlsCertificateInfo &info : (*context)->certificates()) {
    base::log::info("certificate", {{"file", info.file},
                                    {"names", joined(info.names)},
                                    {"key", info.kind},
                                    {"expires", base::rfc3339(info.not_after_s * 1'000'000)}});
  }
  return context;
}

base::Status Node::listen() {
  auto bound = listen_on_all();
  if (!bound) {
    base::log::error("cannot listen: is another program using the port?",
                     {{"http", joined(config_->listen.http)},
                      {"https", joined(config_->listen.https)},
                      {"rtmp", joined(config_->listen.rtmp)},
                      {"rtmps", joined(config_->listen.rtmps)},
                      {"rtsp", joined(config_->listen.rtsp)},
                      {"rtsps", joined(config_->listen.rtsps)},
                      {"admin", joined(config_->listen.admin)},
                      {"why", base::describe(bound.error())}});
    return bound;
  }
  const Worker &first = *workers_.front();
  for (const Entrance &entrance : kEntrances)
    bound_.*entrance.addresses = texts(first.addresses(entrance));
  bound_.admin = texts(admin_->addresses());
  trim_ = std::make_unique<loop::Timer>(main_, [this] { shared_.blocks->trim(); });
  trim_->start_repeating(kTrim);
  return {};
}

// The first worker decides what port 0 means; the others share its ports. Each kind is probed after
// the one before listens, so that two kinds on one port are found too.
base::Status Node::listen_on_all() {
  Worker &first = *workers_.front();
  for (const Entrance &entrance : kEntrances) {
    auto addresses = parse_all(config_->listen.*entrance.addresses);
    SLUICE_TRY_VOID(probe_all(addresses));
    SLUICE_TRY_VOID(first.listen(entrance, addresses));
  }
  auto admin = parse_all(config_->listen.admin);
  SLUICE_TRY_VOID(probe_all(admin));
  SLUICE_TRY_VOID(admin_->listen(admin));
  for (auto &worker : std::span(workers_).subspan(1)) {
    for (const Entrance &entrance : kEntrances)
      SLUICE_TRY_VOID(worker->listen(entrance, first.addresses(entrance)));
  }
  return {};
}

int Node::run() {
  state_ = State::Ready;
  base::log::info("node ready", {{"id", id_},
                                 {"version", SLUICE_VERSION},
                                 {"http", joined(bound_.http)},
                                 {"https", joined(bound_.https)},
                                 {"rtmp", joined(bound_.rtmp)},
                                 {"rtmps", joined(bound_.rtmps)},
                                 {"rtsp", joined(bound_.rtsp)},
                                 {"rtsps", joined(bound_.rtsps)},
                                 {"admin", joined(bound_.admin)},
                                 {"kernel_tls", tls_ != nullptr && tls_->kernel() ? "yes" : "no"},
                                 {"workers", workers_.size()}});
  notify_service_manager("READY=1\nSTATUS=serving");
  main_.run();
  return exit_code_;
}

// --- Reload: the whole new tree is built and checked, or nothing changes ---

void Node::reload() {
  if (state_ != State::Ready) return;
  Loaded found = load_blocking(config_path_);
  config::LoadResult &loaded = found.config;
  for (const auto &diagnostic : loaded.diagnostics) {
    base::log::warning("configuration", {{"diagnostic", config::format(diagnostic)}});
  }
  base::Result<Worker::Tls> tls;
  if (loaded.config) tls = make_tls(*loaded.config, std::move(found.certificates));
  if (!loaded.config || !tls) {
    reloads_failed_.add();
    base::log::error("reload refused: the configuration has mistakes; nothing was changed");
    return;
  }
  auto next = std::make_shared<const config::Config>(std::move(*loaded.config));
  auto changes = config::diff(*own_config_, *next);
  for (const auto &change : changes) {
    base::log::info(change.live ? "reload: changed" : "reload: waits for a restart",
                    {{"key", change.path}, {"before", change.before}, {"after", change.after}});
  }
  // Listeners that lost their certificates wait for a restart, as all listeners do.
  if (*tls != nullptr) tls_ = std::move(*tls);
  own_config_ = next;
  base::log::configure(next->log.level, next->log.format);
  shared_.apply(*next);
  admin_->apply(*next);
  apply_config();
  reloads_ok_.add();
  base::log::info("reloaded", {{"changes", changes.size()}});
}

// The files' configuration together with the sources that were added. A loop has it before its
// sources are told anything.
void Node::apply_config() {
  auto whole = std::make_shared<const config::Config>(added_.laid_over(*own_config_));
  config_.set(whole);
  for (auto &worker : workers_)
    worker->apply(whole, tls_);
  sources_.apply();
}

// --- Sources that come and go without the configuration ---

namespace {

Node::Refusal not_kept(const base::Error &error) {
  if (error.code == base::Code::Busy) return {409, "too_many_sources", error.what};
  return {500, "not_kept", base::describe(error)};
}

}  // namespace

std::expected<void, Node::Refusal> Node::put_source(const std::string &name,
                                                    std::string_view body) {
  if (state_ != State::Ready)
    return std::unexpected(Refusal{503, "draining", "the node is ending"});
  if (own_config_->streams.contains(name)) {
    return std::unexpected(
        Refusal{409, "configured", "the configuration has an entry of this name, and wins"});
  }
  auto overrides = parse_added_source(name, body);
  if (!overrides) return std::unexpected(Refusal{400, "bad_source", overrides.error()});
  if (auto kept = added_.put(name, std::move(*overrides)); !kept) {
    return std::unexpected(not_kept(kept.error()));
  }
  base::log::info("source added", {{"stream", name}});
  apply_config();
  return {};
}

std::expected<void, Node::Refusal> Node::remove_source(const std::string &name) {
  if (state_ != State::Ready)
    return std::unexpected(Refusal{503, "draining", "the node is ending"});
  if (!added_.contains(name)) {
    if (!own_config_->has_source(name)) {
      return std::unexpected(Refusal{404, "not_found", "no such source"});
    }
    return std::unexpected(
        Refusal{409, "configured", "the source is of the configuration; remove it there"});
  }
  if (auto kept = added_.remove(name); !kept) return std::unexpected(not_kept(kept.error()));
  base::log::info("source removed", {{"stream", name}});
  apply_config();
  return {};
}

// --- The end ---

void Node::on_terminate() {
  if (state_ == State::Draining) {
    base::log::warning("ended at once by a second signal");
    _exit(EXIT_FAILURE);
  }
  drain();
}

void Node::on_all_workers(const Step &step, std::function<void()> next) {
  auto left = std::make_shared<std::size_t>(workers_.size());
  for (auto &worker : workers_) {
    step(*worker, [left, next] {
      if (--*left == 0) next();
    });
  }
}

void Node::drain() {
  state_ = State::Draining;
  base::log::info("draining");
  notify_service_manager("STOPPING=1\nSTATUS=draining");
  // Nobody connects to a camera anew while the loops end what they have.
  sources_.close();
  auto limit = config_->node.drain_timeout;
  drain_deadline_ = std::make_unique<loop::Timer>(main_, [] {
    base::log::error("the node did not drain in time and is ended");
    _exit(EXIT_FAILURE);
  });
  // Answers under way get most of the time; the rest is for taking things apart.
  drain_deadline_->start(limit + base::Millis(1000));
  on_all_workers([limit](Worker &worker, auto done) { worker.drain(limit, std::move(done)); },
                 [this] { dismantle(); });
}

void Node::dismantle() {
  on_all_workers([](Worker &worker, auto done) { worker.dismantle(std::move(done)); },
                 [this] { finish(); });
}

void Node::finish() {
  sources_.close();
  directory_.close();
  admin_.reset();
  watchdog_.reset();
  shared_.work.close();
  for (auto &worker : workers_)
    worker->finish();
  for (auto &worker : workers_)
    worker->join();
  // A worker that was never started is taken apart by its destructor.
  workers_.clear();
  signals_.clear();
  service_watchdog_.reset();
  trim_.reset();
  drain_deadline_.reset();
  if (state_ == State::Draining) base::log::info("node ended");
  main_.stop();
}

}  // namespace sluice::node
