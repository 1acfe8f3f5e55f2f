// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/srtp.h"

#include <arpa/inet.h>
#include <srtp2/srtp.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice::ingest::rtsp {
namespace {

using base::Code;
using base::Domain;

// A jump of a lossy path must not look like an old packet.
constexpr unsigned long kReplayWindow = 1024;
// Of a report: its index, the longest tag and the longest key identifier.
constexpr std::size_t kMaxTrailer = 4 + SRTP_MAX_TRAILER_LEN;
// Where the headers have the SSRC. What libsrtp takes has a whole header.
constexpr std::size_t kRtpSsrc = 8;
constexpr std::size_t kRtcpSsrc = 4;

bool library_is_ready() {
  static const bool ready = srtp_init() == srtp_err_status_ok;
  return ready;
}

void set_suite(srtp_crypto_policy_t &policy, wire::SrtpSuite suite) {
  switch (suite) {
    case wire::SrtpSuite::AesCm128HmacSha1Tag80:
      return srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy);
    case wire::SrtpSuite::AesCm128HmacSha1Tag32:
      return srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy);
    case wire::SrtpSuite::AesCm192HmacSha1Tag80:
      return srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80(&policy);
    case wire::SrtpSuite::AesCm192HmacSha1Tag32:
      return srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32(&policy);
    case wire::SrtpSuite::AesCm256HmacSha1Tag80:
      return srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy);
    case wire::SrtpSuite::AesCm256HmacSha1Tag32:
      return srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32(&policy);
    case wire::SrtpSuite::AeadAes128Gcm:
      return srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy);
    case wire::SrtpSuite::AeadAes256Gcm:
      return srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy);
  }
}

// RTCP's tag has 80 bits whatever RTP's has (RFC 3711, section 3.4).
wire::SrtpSuite rtcp_suite(wire::SrtpSuite suite) {
  switch (suite) {
    case wire::SrtpSuite::AesCm128HmacSha1Tag32:
      return wire::SrtpSuite::AesCm128HmacSha1Tag80;
    case wire::SrtpSuite::AesCm192HmacSha1Tag32:
      return wire::SrtpSuite::AesCm192HmacSha1Tag80;
    case wire::SrtpSuite::AesCm256HmacSha1Tag32:
      return wire::SrtpSuite::AesCm256HmacSha1Tag80;
    default:
      return suite;
  }
}

srtp_sec_serv_t services(bool encrypts, bool authenticates) {
  if (encrypts) return authenticates ? sec_serv_conf_and_auth : sec_serv_conf;
  return authenticates ? sec_serv_auth : sec_serv_none;
}

srtp_policy_t policy_for(const wire::SrtpKey &key) {
  srtp_policy_t policy{};
  set_suite(policy.rtp, key.suite);
  set_suite(policy.rtcp, rtcp_suite(key.suite));
  policy.rtp.sec_serv = services(key.encrypts_rtp, key.authenticates_rtp);
  policy.rtcp.sec_serv = services(key.encrypts_rtcp, true);
  policy.window_size = kReplayWindow;
  policy.allow_repeat_tx = 1;
  return policy;
}

// Calls one of libsrtp's functions that work in place, and puts back what stood behind the packet.
template <class Unprotect>
base::Result<base::MutableBytes> in_place(base::MutableBytes packet, Unprotect unprotect) {
  std::array<std::byte, Srtp::kSpareBytes> behind;
  std::byte *end = packet.data() + packet.size();
  std::memcpy(behind.data(), end, behind.size());
  int size = static_cast<int>(packet.size());
  srtp_err_status_t status = unprotect(packet.data(), &size);
  std::memcpy(end, behind.data(), behind.size());
  if (status != srtp_err_status_ok || size < 0 || static_cast<std::size_t>(size) > packet.size()) {
    return base::fail(Domain::Rtsp, Code::Refused, "a packet is not authentic");
  }
  return packet.first(static_cast<std::size_t>(size));
}

}  // namespace

base::Result<std::unique_ptr<Srtp>> Srtp::inbound(const wire::SrtpKey &key,
                                                  std::span<const wire::mikey::Stream> streams) {
  return open(Direction::Inbound, key, streams);
}

base::Result<std::unique_ptr<Srtp>> Srtp::outbound(const wire::SrtpKey &key) {
  return open(Direction::Outbound, key, {});
}

base::Result<std::unique_ptr<Srtp>> Srtp::open(Direction direction, const wire::SrtpKey &key,
                                               std::span<const wire::mikey::Stream> streams) {
  if (!library_is_ready() || key.key_and_salt.size() != wire::key_and_salt_bytes(key.suite)) {
    return base::fail(Domain::Rtsp, Code::Unsupported, "the key cannot be used");
  }
  // libsrtp takes what it does not change by pointers to what it might.
  std::string key_and_salt = key.key_and_salt;
  std::string mki = key.mki;
  srtp_master_key_t master{};
  master.key = reinterpret_cast<unsigned char *>(key_and_salt.data());
  master.mki_id = reinterpret_cast<unsigned char *>(mki.data());
  master.mki_size = static_cast<unsigned>(mki.size());
  std::array<srtp_master_key_t *, 1> masters{&master};

  srtp_policy_t policy = policy_for(key);
  policy.keys = masters.data();
  policy.num_master_keys = masters.size();
  policy.ssrc.type = direction == Direction::Inbound ? ssrc_any_inbound : ssrc_any_outbound;
  // libsrtp 2.5 looks for a report's key identifier in front of a tag as long as RTP's.
  srtp_policy_t report_policy = policy;
  report_policy.rtp = policy.rtcp;
  std::unique_ptr<Srtp> opened(new Srtp(!key.mki.empty()));
  bool good = srtp_create(&opened->packets_, &policy) == srtp_err_status_ok &&
              srtp_create(&opened->reports_, &report_policy) == srtp_err_status_ok;
  for (const wire::mikey::Stream &stream : streams) {
    if (!good || stream.ssrc == 0 || stream.rollover == 0) continue;
    policy.ssrc = {ssrc_specific, stream.ssrc};
    srtp_t packets = opened->packets_;
    good = srtp_add_stream(packets, &policy) == srtp_err_status_ok &&
           srtp_set_stream_roc(packets, stream.ssrc, stream.rollover) == srtp_err_status_ok;
  }
  if (good) return opened;
  return base::fail(Domain::Rtsp, Code::Unsupported, "the encryption is not supported");
}

Srtp::~Srtp() {
  if (packets_ != nullptr) srtp_dealloc(packets_);
  if (reports_ != nullptr) srtp_dealloc(reports_);
}

base::Result<base::MutableBytes> Srtp::unprotect_rtp(base::MutableBytes packet) {
  auto plain = in_place(packet, [this](void *data, int *size) {
    return srtp_unprotect_mki(packets_, data, size, uses_mki_ ? 1 : 0);
  });
  if (plain) packet_sources_.note(packets_, base::ByteReader(plain->subspan(kRtpSsrc)).u32());
  return plain;
}

base::Result<base::MutableBytes> Srtp::unprotect_rtcp(base::MutableBytes packet) {
  auto plain = in_place(packet, [this](void *data, int *size) {
    return srtp_unprotect_rtcp_mki(reports_, data, size, uses_mki_ ? 1 : 0);
  });
  if (plain) report_sources_.note(reports_, base::ByteReader(plain->subspan(kRtcpSsrc)).u32());
  return plain;
}

// libsrtp keeps the state of every SSRC for which it has read an authentic packet.
void Srtp::Sources::note(srtp_ctx_t_ *context, std::uint32_t heard) {
  auto known = std::span(ssrc).first(count);
  if (std::ranges::find(known, heard) != known.end()) return;
  if (count < kMaxSources) {
    ssrc[count++] = heard;
    return;
  }
  srtp_remove_stream(context, htonl(ssrc[oldest]));
  ssrc[oldest] = heard;
  oldest = (oldest + 1) % kMaxSources;
}

base::Status Srtp::protect_rtcp(std::string &packet) {
  int size = static_cast<int>(packet.size());
  packet.resize(packet.size() + kMaxTrailer);
  if (srtp_protect_rtcp_mki(reports_, packet.data(), &size, uses_mki_ ? 1 : 0, 0) !=
      srtp_err_status_ok) {
    return base::fail(Domain::Rtsp, Code::Refused, "a report cannot be encrypted");
  }
  packet.resize(static_cast<std::size_t>(size));
  return {};
}

}  // namespace sluice::ingest::rtsp
