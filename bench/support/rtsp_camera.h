// SPDX-License-Identifier: Apache-2.0
// RtspCamera: one simulated camera on one accepted RTSP connection, and CameraMedia, the packets
// that all of them share. A camera answers what a client asks, and once it plays it is told when
// its next frame is due: one sendmsg (TCP) or sendmmsg (UDP) of shared payloads behind 16 own bytes
// of headers for each packet, so that many cameras cost little.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

// One GOP of H.264 in RTP payloads (RFC 6184): parameter sets and a key frame, then P frames, which
// are all the same one.
class CameraMedia {
 public:
  static constexpr int kFps = 25;
  static constexpr int kGopFrames = 50;

  // mbit: of everything that RTSP's TCP connection carries, headers counted.
  explicit CameraMedia(double mbit);

  struct Payload {
    std::vector<std::byte> bytes;
    bool marker = false;
  };
  [[nodiscard]] const std::vector<Payload> &frame(std::uint64_t number) const {
    return number % kGopFrames == 0 ? key_ : delta_;
  }
  static std::string sdp();

 private:
  std::vector<Payload> key_, delta_;
};

struct CameraTotals {
  std::uint64_t bytes = 0, packets = 0, frames = 0, frames_held = 0;
};

class RtspCamera {
 public:
  RtspCamera(int fd, std::uint32_t number, const CameraMedia &media, CameraTotals &totals);
  ~RtspCamera();
  RtspCamera(const RtspCamera &) = delete;
  RtspCamera &operator=(const RtspCamera &) = delete;

  // Answers what has come. False when the client has gone.
  bool on_readable();
  // False when the client has gone. A client that does not read loses whole frames.
  bool send_frame();
  [[nodiscard]] bool playing() const { return playing_; }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  static constexpr std::size_t kMostPackets = 256;  // of one frame

  bool answer(std::string_view request);
  std::string set_up(std::string_view request);
  void open_udp(std::string_view ports);
  void write_header(std::byte *out, const CameraMedia::Payload &payload);
  bool flush_owed();
  bool send_tcp(const std::vector<CameraMedia::Payload> &frame);
  void send_udp(const std::vector<CameraMedia::Payload> &frame);

  int fd_;
  int udp_ = -1;
  std::uint32_t number_;
  const CameraMedia &media_;
  CameraTotals &totals_;
  bool playing_ = false;
  std::uint64_t frame_ = 0;
  std::uint16_t sequence_ = 1;
  std::string input_;
  std::string owed_;  // of a frame that the kernel took in part
  std::array<std::array<std::byte, 16>, kMostPackets> headers_{};
};

}  // namespace sluice::bench
