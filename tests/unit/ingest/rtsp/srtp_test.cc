// SPDX-License-Identifier: Apache-2.0
// Against libsrtp itself in the camera's place.
#include "ingest/rtsp/srtp.h"

#include <doctest/doctest.h>
#include <srtp2/srtp.h>

#include <array>
#include <string>
#include <vector>

#include "wire/rtcp.h"

using namespace sluice;
using ingest::rtsp::Srtp;
using wire::SrtpSuite;

namespace {

constexpr std::array kSuites{SrtpSuite::AesCm128HmacSha1Tag80, SrtpSuite::AesCm128HmacSha1Tag32,
                             SrtpSuite::AesCm192HmacSha1Tag80, SrtpSuite::AesCm192HmacSha1Tag32,
                             SrtpSuite::AesCm256HmacSha1Tag80, SrtpSuite::AesCm256HmacSha1Tag32,
                             SrtpSuite::AeadAes128Gcm,         SrtpSuite::AeadAes256Gcm};
constexpr std::uint32_t kSsrc = 0xcafe0001;

void set_crypto(srtp_crypto_policy_t &policy, const wire::SrtpSuiteInfo &info, bool is_rtcp) {
  bool short_tag = info.tag_bytes == 4 && !is_rtcp;
  if (info.salt_bytes == 12) {
    return info.key_bytes == 16 ? srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy)
                                : srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy);
  }
  if (info.key_bytes == 24) {
    return short_tag ? srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32(&policy)
                     : srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80(&policy);
  }
  if (info.key_bytes == 32) {
    return short_tag ? srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32(&policy)
                     : srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy);
  }
  return short_tag ? srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy)
                   : srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy);
}

// What a camera does, with one key for both of its directions.
class Camera {
 public:
  explicit Camera(const wire::SrtpKey &key, bool sends = true) : key_(key) {
    REQUIRE(Srtp::outbound(key).has_value());  // the library is ready from then on
    const wire::SrtpSuiteInfo &info = wire::info_of(key.suite);
    srtp_policy_t policy{};
    set_crypto(policy.rtp, info, !sends);  // as Srtp does, and why, for reports that it reads
    set_crypto(policy.rtcp, info, true);
    if (!key.encrypts_rtcp) policy.rtcp.sec_serv = sec_serv_auth;
    srtp_master_key_t master{};
    master.key = reinterpret_cast<unsigned char *>(key_.key_and_salt.data());
    master.mki_id = reinterpret_cast<unsigned char *>(key_.mki.data());
    master.mki_size = static_cast<unsigned>(key_.mki.size());
    std::array<srtp_master_key_t *, 1> masters{&master};
    policy.keys = masters.data();
    policy.num_master_keys = 1;
    policy.ssrc.type = sends ? ssrc_any_outbound : ssrc_any_inbound;
    REQUIRE(srtp_create(&session_, &policy) == srtp_err_status_ok);
  }
  ~Camera() { srtp_dealloc(session_); }
  Camera(const Camera &) = delete;
  Camera &operator=(const Camera &) = delete;

  std::string rtp(std::uint16_t sequence, std::string_view payload, std::uint32_t ssrc = kSsrc) {
    std::string packet = plain(sequence, payload, ssrc);
    int size = static_cast<int>(packet.size());
    packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN);
    REQUIRE(srtp_protect_mki(session_, packet.data(), &size, key_.mki.empty() ? 0 : 1, 0) ==
            srtp_err_status_ok);
    packet.resize(static_cast<std::size_t>(size));
    return packet;
  }
  std::string rtcp() {
    std::string packet = wire::rtcp::make_bye(kSsrc);
    int size = static_cast<int>(packet.size());
    packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN + 4);
    REQUIRE(srtp_protect_rtcp_mki(session_, packet.data(), &size, key_.mki.empty() ? 0 : 1, 0) ==
            srtp_err_status_ok);
    packet.resize(static_cast<std::size_t>(size));
    return packet;
  }
  std::string read_rtcp(std::string packet) {
    int size = static_cast<int>(packet.size());
    packet.resize(packet.size() + Srtp::kSpareBytes);
    auto status = srtp_unprotect_rtcp_mki(session_, packet.data(), &size, key_.mki.empty() ? 0 : 1);
    return status == srtp_err_status_ok ? packet.substr(0, static_cast<std::size_t>(size)) : "";
  }

  static std::string plain(std::uint16_t sequence, std::string_view payload,
                           std::uint32_t ssrc = kSsrc) {
    std::string packet;
    base::ByteWriter writer(packet);
    writer.u16(0x8060);
    writer.u16(sequence);
    writer.u32(9000);
    writer.u32(ssrc);
    writer.text(payload);
    return packet;
  }

 private:
  wire::SrtpKey key_;
  srtp_t session_ = nullptr;
};

// A packet with spare memory behind it that holds the next packet, so to say.
class InMemory {
 public:
  explicit InMemory(std::string_view packet)
      : size_(packet.size()), bytes_(std::string(packet) + std::string(Srtp::kSpareBytes, 'n')) {}

  base::MutableBytes packet() { return std::as_writable_bytes(std::span(bytes_)).first(size_); }
  [[nodiscard]] bool unharmed_behind() const {
    return bytes_.substr(size_) == std::string(Srtp::kSpareBytes, 'n');
  }

 private:
  std::size_t size_;
  std::string bytes_;
};

std::unique_ptr<Srtp> inbound(const wire::SrtpKey &key,
                              std::span<const wire::mikey::Stream> streams = {}) {
  auto made = Srtp::inbound(key, streams);
  REQUIRE(made.has_value());
  return std::move(*made);
}

std::string read_rtp(Srtp &srtp, std::string_view packet) {
  InMemory memory(packet);
  auto plain = srtp.unprotect_rtp(memory.packet());
  CHECK(memory.unharmed_behind());
  return plain ? std::string(base::as_text(*plain)) : "refused";
}

std::string read_rtcp(Srtp &srtp, std::string_view packet) {
  InMemory memory(packet);
  auto plain = srtp.unprotect_rtcp(memory.packet());
  CHECK(memory.unharmed_behind());
  return plain ? std::string(base::as_text(*plain)) : "refused";
}

}  // namespace

TEST_SUITE("ingest/rtsp") {
  TEST_CASE("srtp: each suite reads what a camera sends, with and without a key identifier") {
    for (SrtpSuite suite : kSuites) {
      for (std::size_t mki : {0U, 4U, 128U}) {
        CAPTURE(std::string(wire::info_of(suite).name));
        CAPTURE(mki);
        wire::SrtpKey key = wire::make_srtp_key(suite, mki);
        Camera camera(key);
        auto srtp = inbound(key);
        CHECK(read_rtp(*srtp, camera.rtp(7, "picture")) == Camera::plain(7, "picture"));
        CHECK(read_rtp(*srtp, camera.rtp(8, "")) == Camera::plain(8, ""));
        CHECK(read_rtcp(*srtp, camera.rtcp()) == wire::rtcp::make_bye(kSsrc));
      }
    }
  }

  TEST_CASE("srtp: a camera can read our reports") {
    for (SrtpSuite suite : kSuites) {
      for (std::size_t mki : {0U, 4U}) {
        wire::SrtpKey key = wire::make_srtp_key(suite, mki);
        Camera camera(key, /*sends=*/false);
        auto outbound = Srtp::outbound(key);
        REQUIRE(outbound.has_value());
        std::string report = wire::rtcp::make_receiver_report(5, {}, "sluice");
        for (int i = 0; i < 3; ++i) {
          std::string packet = report;
          REQUIRE((*outbound)->protect_rtcp(packet).has_value());
          CHECK(packet != report);
          CHECK(camera.read_rtcp(packet) == report);
        }
      }
    }
  }

  TEST_CASE("srtp: a forged or foreign packet is refused, and a good one still read") {
    for (SrtpSuite suite : kSuites) {
      wire::SrtpKey key = wire::make_srtp_key(suite, 4);
      Camera camera(key);
      Camera stranger(wire::make_srtp_key(suite, 4));
      auto srtp = inbound(key);
      std::string good = camera.rtp(1, "picture");
      for (std::size_t at = 0; at < good.size(); ++at) {
        std::string forged = good;
        forged[at] = static_cast<char>(forged[at] ^ 0x01);
        CHECK(read_rtp(*srtp, forged) == "refused");
      }
      CHECK(read_rtp(*srtp, stranger.rtp(1, "picture")) == "refused");
      CHECK(read_rtp(*srtp, Camera::plain(1, "picture")) == "refused");
      CHECK(read_rtp(*srtp, good) == Camera::plain(1, "picture"));
      CHECK(read_rtp(*srtp, good) == "refused");  // seen before
    }
  }

  TEST_CASE("srtp: packets that are cut anywhere are refused and harm nothing") {
    for (SrtpSuite suite : kSuites) {
      for (std::size_t mki : {0U, 4U, 128U}) {
        wire::SrtpKey key = wire::make_srtp_key(suite, mki);
        Camera camera(key);
        auto srtp = inbound(key);
        std::string rtp = camera.rtp(1, "picture");
        for (std::size_t size = 0; size < rtp.size(); ++size)
          CHECK(read_rtp(*srtp, rtp.substr(0, size)) == "refused");
        std::string rtcp = camera.rtcp();
        for (std::size_t size = 0; size < rtcp.size(); ++size)
          CHECK(read_rtcp(*srtp, rtcp.substr(0, size)) == "refused");
      }
    }
  }

  TEST_CASE("srtp: a header that promises more than there is is refused") {
    wire::SrtpKey key = wire::make_srtp_key(SrtpSuite::AesCm128HmacSha1Tag80, 0);
    auto srtp = inbound(key);
    std::string packet = Camera::plain(1, "0123456789abcdef0123");
    packet[0] = '\x8f';  // 15 contributing sources
    CHECK(read_rtp(*srtp, packet) == "refused");
    packet[0] = '\x90';  // an extension of 65535 words
    packet.replace(12, 4, "\xbe\xde\xff\xff");
    CHECK(read_rtp(*srtp, packet) == "refused");
  }

  // libsrtp writes a tag's length past such a packet before it knows that it is forged.
  TEST_CASE("srtp: a forged report in the clear in GCM leaves the memory behind it unharmed") {
    for (SrtpSuite suite : {SrtpSuite::AeadAes128Gcm, SrtpSuite::AeadAes256Gcm}) {
      wire::SrtpKey key = wire::make_srtp_key(suite, 0);
      key.encrypts_rtcp = false;
      Camera camera(key);
      auto srtp = inbound(key);
      std::string good = camera.rtcp();
      for (std::size_t at = 0; at < good.size(); ++at) {
        std::string forged = good;
        forged[at] = static_cast<char>(forged[at] ^ 0x01);
        CHECK(read_rtcp(*srtp, forged) == "refused");
      }
      CHECK(read_rtcp(*srtp, good) == wire::rtcp::make_bye(kSsrc));
      // The same where encrypted reports are expected.
      wire::SrtpKey strict = key;
      strict.encrypts_rtcp = true;
      auto other = inbound(strict);
      std::string forged = good;
      forged.back() = static_cast<char>(forged.back() ^ 0x01);
      forged[forged.size() - 4] = 0;
      CHECK(read_rtcp(*other, forged) == "refused");
    }
  }

  TEST_CASE("srtp: sequence numbers wrap, and packets on both sides of it are read") {
    wire::SrtpKey key = wire::make_srtp_key(SrtpSuite::AesCm128HmacSha1Tag80, 0);
    Camera camera(key);
    auto srtp = inbound(key);
    for (unsigned sequence = 65'530; sequence < 65'542; ++sequence) {
      auto number = static_cast<std::uint16_t>(sequence);
      CHECK(read_rtp(*srtp, camera.rtp(number, "x")) == Camera::plain(number, "x"));
    }
  }

  TEST_CASE("srtp: a stream that has wrapped before is read with its rollover count") {
    wire::SrtpKey key = wire::make_srtp_key(SrtpSuite::AesCm128HmacSha1Tag80, 0);
    Camera camera(key);
    for (std::uint32_t round = 0; round < 2; ++round) {
      for (unsigned sequence = 0; sequence < 65'536; sequence += 8'192)
        (void)camera.rtp(static_cast<std::uint16_t>(sequence), "x");
    }
    std::string late = camera.rtp(5, "x");
    CHECK(read_rtp(*inbound(key), late) == "refused");
    const std::array<wire::mikey::Stream, 2> streams{{{kSsrc, 2}, {0, 0}}};
    auto srtp = inbound(key, streams);
    CHECK(read_rtp(*srtp, late) == Camera::plain(5, "x"));
    CHECK(read_rtp(*srtp, camera.rtp(6, "x")) == Camera::plain(6, "x"));
  }

  TEST_CASE("srtp: a key of the wrong size is not used") {
    wire::SrtpKey key = wire::make_srtp_key(SrtpSuite::AesCm128HmacSha1Tag80, 0);
    key.key_and_salt.pop_back();
    auto made = Srtp::inbound(key, {});
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code == base::Code::Unsupported);
  }

  TEST_CASE("srtp: a camera that changes its SSRC with every packet fills no memory") {
    wire::SrtpKey key = wire::make_srtp_key(SrtpSuite::AesCm128HmacSha1Tag80, 0);
    Camera camera(key);
    auto srtp = inbound(key);
    for (std::uint32_t ssrc = 1; ssrc <= 200; ++ssrc) {
      REQUIRE(read_rtp(*srtp, camera.rtp(1, "x", ssrc)) == Camera::plain(1, "x", ssrc));
      REQUIRE(read_rtcp(*srtp, camera.rtcp()) == wire::rtcp::make_bye(kSsrc));
      CHECK(srtp->sources() <= Srtp::kMaxSources);
    }
    // The newest are still known: what they sent is not taken twice.
    Camera again(key);
    CHECK(read_rtp(*srtp, again.rtp(1, "x", 200)) == "refused");
    CHECK(read_rtp(*srtp, again.rtp(2, "x", 200)) == Camera::plain(2, "x", 200));
  }
}
