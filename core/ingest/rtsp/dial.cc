// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/dial.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/id.h"

namespace sluice::ingest::rtsp {
namespace {

constexpr std::size_t kMaxUnsent = 16 * 1024;

std::string host_field(const wire::rtsp::Url &url) {
  bool is_ipv6 = url.host.contains(':');
  return is_ipv6 ? fmt::format("[{}]:{}", url.host, url.port)
                 : fmt::format("{}:{}", url.host, url.port);
}

}  // namespace

Dial::Dial(loop::Loop &loop, net::Resolver &resolver, DialRequest request, OnOutcome on_outcome)
    : loop_(loop),
      resolver_(resolver),
      request_(std::move(request)),
      on_outcome_(std::move(on_outcome)),
      authenticator_({request_.url.user, request_.url.password}),
      target_{.path = request_.url.target.empty() ? "/" : request_.url.target,
              .host = host_field(request_.url),
              .cookie = base::make_correlation_id().substr(0, 22),
              .authorization = {}},
      deadline_(loop, [this] {
        finish(base::fail(base::Domain::Rtsp, base::Code::TimedOut,
                          "the camera did not answer the tunnel's GET"));
      }) {
  deadline_.start(request_.timeout);
  connect();
}

Dial::~Dial() = default;

void Dial::connect() {
  net::Connector::Options options;
  options.total = request_.timeout;
  options.filter = request_.filter;
  auto on_outcome = [this](net::Connector::Outcome outcome) { on_connected(std::move(outcome)); };
  net::Connector::Target target{request_.url.host, request_.url.port};
  connector_ =
      std::make_unique<net::Connector>(loop_, resolver_, target, options, std::move(on_outcome));
}

void Dial::on_connected(net::Connector::Outcome outcome) {
  if (!outcome) return finish(base::fail(outcome.error()));
  std::unique_ptr<net::Socket> socket = std::move(*outcome);
  if (request_.url.secure) {
    if (!request_.tls) {
      return finish(
          base::fail(base::Domain::Rtsp, base::Code::Unsupported, "there is no TLS here"));
    }
    auto begun = socket->start_tls_client(request_.tls, request_.url.host);
    if (!begun) return finish(base::fail(begun.error()));
  }
  if (!request_.tunnel) return finish(Dialed{.socket = std::move(socket)});
  if (!get_answered_) return open_tunnel(std::move(socket));
  outbox_.reset();
  get_->set_events(nullptr);
  finish(Dialed{.socket = std::move(get_),
                .early = std::move(early_),
                .return_path = std::move(socket),
                .return_head = tunnel_post(target_)});
}

void Dial::open_tunnel(std::unique_ptr<net::Socket> socket) {
  get_ = std::move(socket);
  get_->set_events(this);
  outbox_.emplace(*get_, kMaxUnsent);
  answer_.clear();
  if (auto sent = outbox_->send(tunnel_get(target_)); !sent) finish(base::fail(sent.error()));
}

void Dial::on_writable() {
  if (auto sent = outbox_->flush(); !sent) finish(base::fail(sent.error()));
}

void Dial::on_readable() {
  std::array<std::byte, 4096> chunk;
  auto got = get_->read(chunk);
  if (!got) return finish(base::fail(got.error()));
  answer_.append(base::as_text(base::Bytes(chunk).first(*got)));
  if (auto taken = take_answer(); !taken) finish(base::fail(taken.error()));
}

base::Status Dial::take_answer() {
  SLUICE_TRY(answer, read_tunnel_answer(answer_));
  if (answer.size == 0) return {};
  get_->watch_readable(false);
  if (answer.status == 401) return authorize(answer);
  if (answer.status != 200) {
    return base::fail(base::Domain::Rtsp, base::Code::Unsupported,
                      "the camera does not offer RTSP over HTTP");
  }
  early_ = answer_.substr(answer.size);
  get_answered_ = true;
  authorize_again("POST");
  connect();
  return {};
}

base::Status Dial::authorize(const TunnelAnswer &answer) {
  std::string_view value = answer.authenticate;
  if (authenticator_.on_unauthorized(std::span(&value, 1)) !=
      wire::rtsp::Authenticator::Verdict::Retry) {
    return base::fail(base::Domain::Rtsp, base::Code::Refused,
                      "the camera does not accept the user name and password");
  }
  authorize_again("GET");
  connect();
  return {};
}

void Dial::authorize_again(std::string_view method) {
  target_.authorization = authenticator_.authorize(method, target_.path);
}

void Dial::finish(Outcome outcome) {
  deadline_.stop();
  connector_.reset();
  if (get_) get_->set_events(nullptr);
  auto on_outcome = std::move(on_outcome_);
  on_outcome(std::move(outcome));
}

}  // namespace sluice::ingest::rtsp
