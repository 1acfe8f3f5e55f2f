// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtmp/rtmp_server.h"

#include <utility>
#include <vector>

#include "base/log.h"
#include "ingest/rtmp/rtmp_session.h"

namespace sluice::ingest::rtmp {

RtmpServer::RtmpServer(stream::Shelf &shelf, RtmpMetrics &metrics, net::Admission &admission)
    : shelf_(shelf),
      metrics_(metrics),
      admission_(admission),
      self_(std::make_shared<RtmpServer *>(this)) {}

RtmpServer::~RtmpServer() {
  drain();
  *self_ = nullptr;
}

void RtmpServer::accept(std::unique_ptr<net::Socket> socket) {
  auto permit = admission_.admit(socket->peer());
  if (!permit) {
    bool total = permit.error() == net::Admission::Refusal::Total;
    (total ? metrics_.refused_limit : metrics_.refused_address_limit).add();
    static base::log::Limiter limiter;
    if (auto held = limiter.admit()) {
      base::log::warning("rtmp connection refused: too many connections",
                         {{"peer", socket->peer().to_string()}, {"suppressed", *held}});
    }
    return;
  }
  auto session = std::make_unique<RtmpSession>(*this, std::move(socket), std::move(*permit));
  RtmpSession *raw = session.get();
  sessions_.emplace(raw, std::move(session));
  raw->start();
}

void RtmpServer::drain() {
  std::vector<RtmpSession *> all;
  for (const auto &[raw, session] : sessions_)
    all.push_back(raw);
  for (RtmpSession *session : all)
    session->close("shutdown");
}

void RtmpServer::remove_later(RtmpSession &session) {
  shelf_.loop().defer([self = self_, raw = &session] {
    if (*self != nullptr) (*self)->sessions_.erase(raw);
  });
}

}  // namespace sluice::ingest::rtmp
