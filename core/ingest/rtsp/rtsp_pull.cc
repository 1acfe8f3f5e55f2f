// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/rtsp_pull.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace sluice::ingest::rtsp {
namespace {

using base::Code;
using base::Domain;
using stream::PullEnd;
using stream::PullEndReason;

constexpr std::size_t kMaxIgnored = 16;

std::vector<Way> ways_of(config::SourceTransport transport) {
  switch (transport) {
    case config::SourceTransport::Auto:
      return {Way::Tcp, Way::Udp};
    case config::SourceTransport::Tcp:
      return {Way::Tcp};
    case config::SourceTransport::Udp:
      return {Way::Udp};
    case config::SourceTransport::Multicast:
      return {Way::Multicast};
    case config::SourceTransport::Http:
      return {Way::Http};
  }
  return {Way::Tcp};
}

// An attempt that cannot even begin: it ends at the loop's next turn, because the events are not
// told before start() has returned.
class FailedPull final : public stream::Pull {
 public:
  FailedPull(loop::Loop &loop, PullEnd end, stream::PullEvents &events)
      : turn_(loop, [end, &events] { events.on_pull_end(end); }) {
    turn_.start(base::Millis(0));
  }
  [[nodiscard]] stream::PullFacts facts() const override { return {}; }

 private:
  loop::Timer turn_;
};

}  // namespace

std::vector<Way> ways_for(config::SourceTransport transport, std::optional<Way> worked) {
  std::vector<Way> ways = ways_of(transport);
  if (worked) {
    auto found = std::ranges::find(ways, *worked);
    if (found != ways.end()) std::rotate(ways.begin(), found, found + 1);
  }
  return ways;
}

RtspPull::RtspPull(stream::Shelf &shelf, ClientContext context, ClientSettings settings,
                   stream::PullRequest request, stream::PullEvents &events)
    : shelf_(shelf),
      metrics_(context.media.metrics),
      request_(std::move(request)),
      events_(events),
      client_(context, std::move(settings), *this) {}

RtspPull::~RtspPull() { release("stopped"); }

RtspMemory &RtspPull::memory() {
  if (!request_.memory) request_.memory = std::make_unique<RtspMemory>();
  return static_cast<RtspMemory &>(*request_.memory);
}

// The name is asked for when it is known that there is something to play, so that a camera that is
// away never takes a name.
void RtspPull::on_described() {
  if (publication_ != nullptr) return client_.set_up();
  if (ticket_ != 0) return;
  stream::Publisher publisher{id_, client_.peer().to_string(), client_.peer().host(), "rtsp"};
  id_ = shelf_.sessions().add(*this);
  publisher.session = id_;
  publisher.is_source = true;
  since_wall_us_ = base::wall_us();
  since_ = base::mono_now();
  ticket_ = shelf_.publish(
      request_.stream, std::move(publisher), *this,
      [this](base::Result<stream::Publication *> answer) { on_answer(std::move(answer)); });
}

void RtspPull::on_answer(base::Result<stream::Publication *> answer) {
  ticket_ = 0;
  if (!answer) {
    return finish({.reason = PullEndReason::PublishRefused, .error = answer.error()}, "refused");
  }
  publication_ = *answer;
  for (const char *what : std::exchange(ignored_, {}))
    publication_->note_ignored(what);
  client_.set_up();
}

void RtspPull::on_playing() { memory().worked = client_.way(); }

void RtspPull::on_client_end(const PullEnd &end) { finish(end, stream::word(end.reason)); }

void RtspPull::finish(const PullEnd &end, const char *word) {
  if (std::exchange(ended_, true)) return;
  learn_keep_alive(end.reason);
  release(word);
  events_.on_pull_end(end);
}

void RtspPull::release(const char *word) {
  if (ticket_ != 0) shelf_.cancel(std::exchange(ticket_, 0));
  if (publication_ != nullptr) shelf_.release(*std::exchange(publication_, nullptr));
  if (id_.serial == 0) return;
  if (!ended_) memory().keep_alive = client_.keep_alive().method();
  shelf_.sessions().remove(id_);
  stream::log_session_end(describe(), word);
  metrics_.pull_ends.count(word);
  id_ = {};
}

void RtspPull::learn_keep_alive(PullEndReason reason) {
  KeepAlive learnt = client_.keep_alive();
  const bool by_camera =
      reason == PullEndReason::ConnectionLost || reason == PullEndReason::CameraClosed;
  if (has_frames_ && by_camera) {
    auto played = std::chrono::duration_cast<base::Millis>(base::mono_now() - playing_since_);
    learnt.ended(played, timeout_);
  }
  memory().keep_alive = learnt.method();
}

void RtspPull::on_track(const media::Track &track) {
  if (publication_ != nullptr) publication_->set_track(track);
}

void RtspPull::on_frame(media::Frame &&frame) {
  if (publication_ == nullptr) return;
  publication_->push(std::move(frame));
  if (std::exchange(has_frames_, true)) return;
  playing_since_ = base::mono_now();
  timeout_ = client_.session_timeout();
  events_.on_playing();
}

void RtspPull::on_ignored(const char *what) {
  if (publication_ != nullptr) return publication_->note_ignored(what);
  if (ignored_.size() < kMaxIgnored) ignored_.push_back(what);
}

void RtspPull::on_quirk(const char *what) {
  static base::log::Limiter limiter;
  if (!base::log::enabled(base::log::Level::Debug)) return;
  if (auto held = limiter.admit()) {
    base::log::debug("camera quirk", {{"stream", request_.stream},
                                      {"source", request_.shown_url},
                                      {"what", what},
                                      {"suppressed", *held}});
  }
}

void RtspPull::on_revoked() {
  finish({.reason = PullEndReason::TakenOver,
          .error = {Domain::Rtsp, Code::Refused, 0, "another publisher took the name over"}},
         "taken_over");
}

void RtspPull::kick() {
  finish({.reason = PullEndReason::Kicked,
          .error = {Domain::Rtsp, Code::Refused, 0, "the operator ended the session"}},
         "kicked");
}

// Empty as long as there was no connection.
std::string RtspPull::peer_text() const {
  return client_.peer().family() == 0 ? "" : client_.peer().to_string();
}

stream::PullFacts RtspPull::facts() const {
  stream::PullFacts facts;
  facts.transport = client_.playing() ? way_name(client_.way()) : "";
  facts.server = client_.server();
  facts.peer = peer_text();
  if (!client_.has_media()) return facts;
  ReceiverFacts sum = client_.media().facts();
  facts.packets = sum.packets;
  facts.packets_lost = sum.lost;
  facts.packets_reordered = sum.reordered;
  facts.frames_damaged = sum.damaged;
  return facts;
}

stream::SessionInfo RtspPull::describe() const {
  stream::SessionInfo info;
  info.id = id_;
  info.kind = "source";
  info.protocol = "rtsp";
  info.stream = request_.stream;
  info.peer = peer_text();
  info.since_wall_us = since_wall_us_;
  info.duration_ms = std::chrono::duration_cast<base::Millis>(base::mono_now() - since_).count();
  info.bytes_in = client_.bytes_in();
  info.bytes_out = client_.bytes_out();
  info.user_agent = client_.server();
  return info;
}

// --- The factory ---

RtspPulls::RtspPulls(stream::Shelf &shelf, RtspMetrics &metrics, net::Resolver &resolver,
                     TlsClients tls)
    : shelf_(shelf),
      metrics_(metrics),
      resolver_(resolver),
      tls_(std::move(tls)),
      read_buffer_(RtspLink::kReadBytes + RtspLink::kSpareBytes),
      farewells_(std::make_shared<Farewells>(shelf.loop())) {}

RtspPulls::~RtspPulls() = default;

base::Result<ClientSettings> RtspPulls::settings_for(const stream::PullRequest &request) const {
  const config::Source &source = request.settings;
  SLUICE_TRY(url, wire::rtsp::Url::parse(request.url));
  SLUICE_TRY(filter, net::AddressFilter::parse(source.allow));
  auto *memory = static_cast<RtspMemory *>(request.memory.get());
  ClientSettings settings;
  settings.url = std::move(url);
  settings.ways = ways_for(source.transport, memory == nullptr ? std::nullopt : memory->worked);
  settings.connect_timeout = source.connect_timeout;
  settings.media_timeout = source.media_timeout;
  settings.receiver.damaged = source.damaged == config::Damaged::Pass ? mux::DamagedPictures::Pass
                                                                      : mux::DamagedPictures::Drop;
  if (memory != nullptr) settings.keep_alive = memory->keep_alive;
  settings.filter = std::make_shared<const net::AddressFilter>(std::move(filter));
  settings.tls = source.verify_tls ? tls_.verified : tls_.unverified;
  return settings;
}

std::unique_ptr<stream::Pull> RtspPulls::start(stream::PullRequest request,
                                               stream::PullEvents &events) {
  auto settings = settings_for(request);
  if (!settings) {
    return std::make_unique<FailedPull>(
        shelf_.loop(),
        PullEnd{.reason = PullEndReason::Unsupported, .error = settings.error(), .permanent = true},
        events);
  }
  ClientContext context{.loop = shelf_.loop(),
                        .resolver = resolver_,
                        .read_buffer = read_buffer_,
                        .batch = batch_,
                        .media = {shelf_.buffers(), metrics_, shelf_.metrics()},
                        .farewells = farewells_};
  auto pull =
      std::make_unique<RtspPull>(shelf_, context, std::move(*settings), std::move(request), events);
  pull->start();
  return pull;
}

}  // namespace sluice::ingest::rtsp
