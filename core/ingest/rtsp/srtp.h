// SPDX-License-Identifier: Apache-2.0
// Srtp: encryption and authentication of one track's packets in one direction (RFC 3711, RFC 7714),
// by libsrtp. Lives on its session's loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/mikey.h"
#include "wire/srtp_key.h"

struct srtp_ctx_t_;

namespace sluice::ingest::rtsp {

class Srtp {
 public:
  // Memory behind a packet that is decrypted in place. libsrtp may write there before it knows
  // whether the packet is authentic; what stood there is put back.
  static constexpr std::size_t kSpareBytes = 64;

  // Whose state is kept: a peer that changes its SSRC with every packet must not fill the memory.
  static constexpr std::size_t kMaxSources = 16;

  // What the peer sends, with the key that it named. streams: those whose sequence numbers have
  // wrapped already; any other SSRC begins at the first round. Unsupported: a suite that libsrtp
  // was built without.
  static base::Result<std::unique_ptr<Srtp>> inbound(const wire::SrtpKey &key,
                                                     std::span<const wire::mikey::Stream> streams);
  // What we send, with our own key.
  static base::Result<std::unique_ptr<Srtp>> outbound(const wire::SrtpKey &key);

  ~Srtp();
  Srtp(const Srtp &) = delete;
  Srtp &operator=(const Srtp &) = delete;

  // The packet decrypted in place, shorter by its tag. Refused: not authentic, or seen before.
  base::Result<base::MutableBytes> unprotect_rtp(base::MutableBytes packet);
  base::Result<base::MutableBytes> unprotect_rtcp(base::MutableBytes packet);
  // Encrypts a compound packet and appends index and tag.
  base::Status protect_rtcp(std::string &packet);

  // How many sources of packets there are whose state is kept.
  [[nodiscard]] std::size_t sources() const { return packet_sources_.count; }

 private:
  enum class Direction : std::uint8_t { Inbound, Outbound };
  explicit Srtp(bool uses_mki) : uses_mki_(uses_mki) {}
  static base::Result<std::unique_ptr<Srtp>> open(Direction direction, const wire::SrtpKey &key,
                                                  std::span<const wire::mikey::Stream> streams);

  // The SSRCs that libsrtp keeps state for, in the order in which they came.
  struct Sources {
    std::array<std::uint32_t, kMaxSources> ssrc{};
    std::size_t count = 0;
    std::size_t oldest = 0;  // once all places are taken
    void note(srtp_ctx_t_ *context, std::uint32_t heard);
  };

  srtp_ctx_t_ *packets_ = nullptr;  // owned, as is the next
  srtp_ctx_t_ *reports_ = nullptr;
  bool uses_mki_;
  Sources packet_sources_;
  Sources report_sources_;
};

}  // namespace sluice::ingest::rtsp
