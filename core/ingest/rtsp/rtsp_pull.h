// SPDX-License-Identifier: Apache-2.0
// RtspPull: one attempt to read a camera and publish it under a name: an RtspClient whose frames go
// into a publication. RtspPulls makes them for the sources of one loop. Lives on that loop.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ingest/rtsp/rtsp_client.h"
#include "stream/pull.h"
#include "stream/session.h"
#include "stream/shelf.h"

namespace sluice::ingest::rtsp {

// What is worth knowing at the next attempt.
struct RtspMemory final : stream::PullMemory {
  std::optional<Way> worked;  // media came this way
  KeepAlive::Method keep_alive = KeepAlive::Method::GetParameter;
};

// The order in which ways are tried: the one that worked first. TCP stands before UDP, because what
// comes over it is whole.
std::vector<Way> ways_for(config::SourceTransport transport, std::optional<Way> worked);

class RtspPull final : public stream::Pull,
                       RtspClientEvents,
                       stream::PublicationOwner,
                       stream::Session {
 public:
  RtspPull(stream::Shelf &shelf, ClientContext context, ClientSettings settings,
           stream::PullRequest request, stream::PullEvents &events);
  ~RtspPull() override;

  void start() { client_.start(); }

  // Pull
  [[nodiscard]] stream::PullFacts facts() const override;

 private:
  // RtspClientEvents
  void on_described() override;
  void on_playing() override;
  void on_client_end(const stream::PullEnd &end) override;
  void on_track(const media::Track &track) override;
  void on_frame(media::Frame &&frame) override;
  void on_ignored(const char *what) override;
  void on_quirk(const char *what) override;
  // PublicationOwner
  void on_revoked() override;
  // Session
  [[nodiscard]] stream::SessionInfo describe() const override;
  void kick() override;

  void on_answer(base::Result<stream::Publication *> answer);
  [[nodiscard]] std::string peer_text() const;
  void finish(const stream::PullEnd &end, const char *word);
  void release(const char *word);
  void learn_keep_alive(stream::PullEndReason reason);
  RtspMemory &memory();

  stream::Shelf &shelf_;
  RtspMetrics &metrics_;
  stream::PullRequest request_;
  stream::PullEvents &events_;
  RtspClient client_;
  stream::Shelf::Ticket ticket_ = 0;
  stream::Publication *publication_ = nullptr;  // owned by the shelf
  base::SessionId id_;                          // while it publishes
  std::int64_t since_wall_us_ = 0;
  base::MonoTime since_{};
  // What was ignored before there was a publication to note it.
  std::vector<const char *> ignored_;
  bool has_frames_ = false;
  base::MonoTime playing_since_{};  // of the first frame
  base::Millis timeout_{0};         // of the session that played
  bool ended_ = false;
};

// Whom the node believes when it connects over TLS; made at the start, shared by all loops.
struct TlsClients {
  std::shared_ptr<const net::TlsClientContext> verified;
  std::shared_ptr<const net::TlsClientContext> unverified;
};

class RtspPulls final : public stream::PullFactory {
 public:
  // shelf, metrics and resolver are borrowed.
  RtspPulls(stream::Shelf &shelf, RtspMetrics &metrics, net::Resolver &resolver, TlsClients tls);
  ~RtspPulls() override;
  // Cameras that have yet to hear that the node is gone.
  [[nodiscard]] std::size_t leaving() const { return farewells_->size(); }

  std::unique_ptr<stream::Pull> start(stream::PullRequest request,
                                      stream::PullEvents &events) override;

 private:
  [[nodiscard]] base::Result<ClientSettings> settings_for(const stream::PullRequest &request) const;

  stream::Shelf &shelf_;
  RtspMetrics &metrics_;
  net::Resolver &resolver_;
  TlsClients tls_;
  std::vector<std::byte> read_buffer_;
  net::UdpBatch batch_;
  std::shared_ptr<Farewells> farewells_;
};

}  // namespace sluice::ingest::rtsp
