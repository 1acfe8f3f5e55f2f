// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/rtsp_server.h"

#include <utility>
#include <vector>

#include "base/log.h"
#include "ingest/rtsp/rtsp_push_session.h"

namespace sluice::ingest::rtsp {

RtspServer::RtspServer(stream::Shelf &shelf, RtspMetrics &metrics, net::Admission &admission)
    : shelf_(shelf),
      metrics_(metrics),
      admission_(admission),
      self_(std::make_shared<RtspServer *>(this)) {}

RtspServer::~RtspServer() {
  drain();
  *self_ = nullptr;
}

void RtspServer::accept(std::unique_ptr<net::Socket> socket) {
  auto permit = admission_.admit(socket->peer());
  if (!permit) {
    bool total = permit.error() == net::Admission::Refusal::Total;
    (total ? metrics_.refused_limit : metrics_.refused_address_limit).add();
    static base::log::Limiter limiter;
    if (auto held = limiter.admit()) {
      base::log::warning("rtsp connection refused: too many connections",
                         {{"peer", socket->peer().to_string()}, {"suppressed", *held}});
    }
    return;
  }
  auto session = std::make_unique<RtspPushSession>(*this, std::move(socket), std::move(*permit));
  RtspPushSession *raw = session.get();
  sessions_.emplace(raw, std::move(session));
  raw->start();
}

void RtspServer::drain() {
  std::vector<RtspPushSession *> all;
  for (const auto &[raw, session] : sessions_)
    all.push_back(raw);
  for (RtspPushSession *session : all)
    session->close("shutdown");
}

void RtspServer::remove_later(RtspPushSession &session) {
  shelf_.loop().defer([self = self_, raw = &session] {
    if (*self != nullptr) (*self)->sessions_.erase(raw);
  });
}

}  // namespace sluice::ingest::rtsp
