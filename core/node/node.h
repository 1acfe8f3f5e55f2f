// SPDX-License-Identifier: Apache-2.0
// Node: the composition root. Owns the main loop, the directory, the workers and the admin
// listener; reloads and drains. Lives on the main thread.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "loop/timer.h"
#include "loop/watchdog.h"
#include "node/added_sources.h"
#include "node/admin_api.h"
#include "node/worker.h"
#include "stream/directory.h"
#include "stream/source_directory.h"

namespace sluice::node {

enum class State : std::uint8_t { Starting, Ready, Draining };

class Node {
 public:
  Node(std::string config_path, config::Config config,
       std::vector<net::TlsCertificate> certificates = {});
  ~Node();
  Node(const Node &) = delete;
  Node &operator=(const Node &) = delete;

  // Opens the listeners and starts the workers. What failed is logged.
  base::Status start();
  // Runs the main loop until the node has drained. Returns the exit code.
  int run();

  // For the admin API [main]
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const config::Config &config() const { return *config_; }
  [[nodiscard]] const std::string &id() const { return id_; }
  [[nodiscard]] std::int64_t started_wall_us() const { return started_wall_us_; }
  [[nodiscard]] std::int64_t uptime_s() const;
  [[nodiscard]] stream::Directory &directory() { return directory_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Worker>> &workers() const { return workers_; }
  [[nodiscard]] const metrics::Registry &registry() const { return registry_; }
  [[nodiscard]] Shared &shared() { return shared_; }
  [[nodiscard]] std::uint64_t stalls() const { return watchdog_ ? watchdog_->stalls() : 0; }
  [[nodiscard]] loop::Loop &loop() { return main_; }
  [[nodiscard]] stream::SourceDirectory &sources() { return sources_; }

  // Sources that come and go without the configuration [main]
  struct Refusal {
    int status = 0;
    const char *code = "";
    std::string message;
  };
  // body: JSON with the keys of an entry of `streams`. Kept for the next start too.
  std::expected<void, Refusal> put_source(const std::string &name, std::string_view body);
  std::expected<void, Refusal> remove_source(const std::string &name);
  [[nodiscard]] bool is_added(std::string_view name) const {
    return added_.contains(name) && !own_config_->streams.contains(name);
  }

  // Where the node listens, or did before it drained.
  [[nodiscard]] const config::Listen &addresses() const { return bound_; }
  // Null without certificates.
  [[nodiscard]] const Worker::Tls &tls() const { return tls_; }

 private:
  base::Status make_workers();
  base::Status make_tls_clients();
  base::Result<Worker::Tls> make_tls(const config::Config &config,
                                     std::vector<net::TlsCertificate> certificates);
  base::Status listen();
  base::Status listen_on_all();
  void on_terminate();
  void reload();
  void apply_config();
  void drain();
  void dismantle();
  void finish();
  // Runs `step` on every worker and then `next`, when all are done.
  using Step = std::function<void(Worker &, std::function<void()> done)>;
  void on_all_workers(const Step &step, std::function<void()> next);

  const std::string config_path_;
  loop::Loop main_;
  metrics::Registry registry_;
  AddedSources added_;
  std::shared_ptr<const config::Config> own_config_;  // as the files have it
  config::Live config_;                               // with what was added
  Shared shared_;
  metrics::Counter &reloads_ok_;
  metrics::Counter &reloads_failed_;
  stream::Directory directory_;
  stream::SourceDirectory sources_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<loop::Watchdog> watchdog_;
  std::unique_ptr<AdminApi> admin_;
  std::vector<std::unique_ptr<loop::Signal>> signals_;
  std::unique_ptr<loop::Timer> drain_deadline_;
  std::unique_ptr<loop::Timer> service_watchdog_;
  std::unique_ptr<loop::Timer> trim_;

  std::vector<net::TlsCertificate> first_certificates_;  // until start()
  std::shared_ptr<net::TlsTickets> tickets_;             // outlive reloads
  Worker::Tls tls_;
  config::Listen bound_;
  const std::string id_;
  State state_ = State::Starting;
  int exit_code_ = 0;
  std::int64_t started_wall_us_;
  base::MonoTime started_;
};

}  // namespace sluice::node
