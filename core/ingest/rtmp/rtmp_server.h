// SPDX-License-Identifier: Apache-2.0
// RtmpServer: the RTMP connections of one loop. Lives on its loop.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <unordered_map>

#include "ingest/rtmp/rtmp_metrics.h"
#include "net/admission.h"
#include "net/socket.h"
#include "stream/shelf.h"

namespace sluice::ingest::rtmp {

class RtmpSession;

class RtmpServer {
 public:
  // All borrowed; metrics and admission are shared by all loops.
  RtmpServer(stream::Shelf &shelf, RtmpMetrics &metrics, net::Admission &admission);
  ~RtmpServer();  // ends every session with reason shutdown
  RtmpServer(const RtmpServer &) = delete;
  RtmpServer &operator=(const RtmpServer &) = delete;

  // Over the limits the connection is closed at once.
  void accept(std::unique_ptr<net::Socket> socket);
  // Ends every session with reason shutdown, so that viewers are told and names are given back.
  void drain();

  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

  // For the sessions.
  [[nodiscard]] stream::Shelf &shelf() const { return shelf_; }
  [[nodiscard]] RtmpMetrics &metrics() const { return metrics_; }
  // Read into by one session at a time, and worked off before it returns to the loop.
  [[nodiscard]] base::MutableBytes read_buffer() { return read_buffer_; }
  // The session destroys itself after the current callback.
  void remove_later(RtmpSession &session);

 private:
  stream::Shelf &shelf_;
  RtmpMetrics &metrics_;
  net::Admission &admission_;
  std::array<std::byte, 64 * 1024> read_buffer_{};
  std::unordered_map<RtmpSession *, std::unique_ptr<RtmpSession>> sessions_;
  std::shared_ptr<RtmpServer *> self_;  // null inside once destroyed: deferred removals ask it
};

}  // namespace sluice::ingest::rtmp
