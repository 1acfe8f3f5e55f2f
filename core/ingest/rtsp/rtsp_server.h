// SPDX-License-Identifier: Apache-2.0
// RtspServer: the connections of one loop that push streams by RTSP. Lives on its loop.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <unordered_map>

#include "ingest/rtsp/media_session.h"
#include "ingest/rtsp/rtsp_link.h"
#include "ingest/rtsp/rtsp_metrics.h"
#include "net/admission.h"
#include "net/socket.h"
#include "net/udp_socket.h"
#include "stream/shelf.h"

namespace sluice::ingest::rtsp {

class RtspPushSession;

class RtspServer {
 public:
  // All borrowed; metrics and admission are shared by all loops.
  RtspServer(stream::Shelf &shelf, RtspMetrics &metrics, net::Admission &admission);
  ~RtspServer();  // ends every session with reason shutdown
  RtspServer(const RtspServer &) = delete;
  RtspServer &operator=(const RtspServer &) = delete;

  // Over the limits the connection is closed at once.
  void accept(std::unique_ptr<net::Socket> socket);
  // Ends every session with reason shutdown, so that viewers are told and names are given back.
  void drain();

  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

  // For the sessions.
  [[nodiscard]] stream::Shelf &shelf() const { return shelf_; }
  [[nodiscard]] RtspMetrics &metrics() const { return metrics_; }
  [[nodiscard]] MediaContext media_context() const {
    return {shelf_.buffers(), metrics_, shelf_.metrics()};
  }
  // Read into by one session at a time, and worked off before it returns to the loop.
  [[nodiscard]] base::MutableBytes read_buffer() { return read_buffer_; }
  [[nodiscard]] net::UdpBatch &batch() { return batch_; }
  // The session destroys itself after the current callback.
  void remove_later(RtspPushSession &session);

 private:
  stream::Shelf &shelf_;
  RtspMetrics &metrics_;
  net::Admission &admission_;
  std::array<std::byte, RtspLink::kReadBytes + RtspLink::kSpareBytes> read_buffer_{};
  net::UdpBatch batch_;
  std::unordered_map<RtspPushSession *, std::unique_ptr<RtspPushSession>> sessions_;
  std::shared_ptr<RtspServer *> self_;  // null inside once destroyed: deferred removals ask it
};

}  // namespace sluice::ingest::rtsp
