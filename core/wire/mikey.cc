// SPDX-License-Identifier: Apache-2.0
#include "wire/mikey.h"

#include <array>
#include <optional>

#include "base/hash.h"

namespace sluice::wire::mikey {
namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteWriter;
using base::Code;
using base::Domain;
using base::Result;
using base::Status;

constexpr std::size_t kMaxMessage = 8 * 1024;
constexpr std::size_t kMaxStreams = 32;
constexpr int kMaxPayloads = 32;
constexpr std::size_t kRandom = 16;
constexpr std::size_t kMac = 20;  // of HMAC-SHA-1-160

// Section 6.1, tables 6.1.a and 6.1.b.
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kPreSharedKey = 0;
constexpr std::uint8_t kSrtpIdMap = 0;
enum Payload : std::uint8_t {
  kLast = 0,
  kKemac = 1,
  kTime = 5,
  kId = 6,
  kPolicy = 10,
  kRand = 11,
  kKeyData = 20,
  kExtension = 21,
};

// Section 6.10.1, and RFC 7714, section 14.2.
enum PolicyType : std::uint8_t {
  kCipher = 0,
  kKeyBytes = 1,
  kAuthentication = 2,
  kAuthenticationKeyBytes = 3,
  kEncryptsRtp = 7,
  kEncryptsRtcp = 8,
  kAuthenticatesRtp = 10,
  kTagBytes = 11,
  kAeadTagBytes = 20,
};
constexpr std::uint8_t kCipherNull = 0;
constexpr std::uint8_t kCipherAesCm = 1;
constexpr std::uint8_t kCipherAesGcm = 6;

// Section 6.13: the key's type, and what says how long it is valid.
constexpr std::uint8_t kTek = 2;
constexpr std::uint8_t kTekAndSalt = 3;
constexpr std::uint8_t kForever = 0;
constexpr std::uint8_t kSpi = 1;
constexpr std::uint8_t kInterval = 2;

std::unexpected<base::Error> malformed(const char *what) {
  return base::fail(Domain::Wire, Code::Malformed, what);
}
std::unexpected<base::Error> unsupported(const char *what) {
  return base::fail(Domain::Wire, Code::Unsupported, what);
}
std::unexpected<base::Error> too_large(const char *what) {
  return base::fail(Domain::Wire, Code::TooLarge, what);
}

// The values of a security policy's parameters, with RFC 3830's defaults.
struct Policy {
  std::uint8_t number = 0;
  std::uint8_t cipher = kCipherAesCm;
  std::uint8_t key_bytes = 16;
  std::uint8_t authentication = 1;
  std::uint8_t authentication_key_bytes = 20;
  std::uint8_t tag_bytes = 0;  // not stated
  bool encrypts_rtp = true;
  bool encrypts_rtcp = true;
  bool authenticates_rtp = true;
};

struct KeyData {
  std::string key_and_salt;
  std::string mki;
};

class Reader {
 public:
  explicit Reader(Bytes bytes) : in_(bytes) {}

  Result<Message> read() {
    SLUICE_TRY(first, read_header());
    std::uint8_t next = first;
    for (int count = 0; next != kLast; ++count) {
      if (count == kMaxPayloads) return too_large("MIKEY has too many payloads");
      std::uint8_t type = next;
      next = in_.u8();
      SLUICE_TRY_VOID(read_payload(type));
      if (!in_.ok()) return malformed("MIKEY ends within a payload");
    }
    if (!key_) return malformed("MIKEY has no key");
    SLUICE_TRY_VOID(apply_policy());
    return std::move(message_);
  }

 private:
  Result<std::uint8_t> read_header() {
    std::uint8_t version = in_.u8();
    std::uint8_t type = in_.u8();
    std::uint8_t next = in_.u8();
    in_.skip(1);  // whether an answer is expected, and the function for deriving keys
    message_.bundle_id = in_.u32();
    std::size_t streams = in_.u8();
    std::uint8_t map = in_.u8();
    if (!in_.ok()) return malformed("MIKEY is shorter than its header");
    bool is_ours = version == kVersion && type == kPreSharedKey && map == kSrtpIdMap;
    if (!is_ours) return unsupported("MIKEY of another kind than cameras use");
    if (streams > kMaxStreams) return too_large("MIKEY has too many crypto sessions");
    for (std::size_t i = 0; i < streams; ++i) {
      std::uint8_t policy = in_.u8();
      if (i == 0) policy_number_ = policy;
      Stream stream{.ssrc = in_.u32()};
      stream.rollover = in_.u32();
      message_.streams.push_back(stream);
    }
    if (!in_.ok()) return malformed("MIKEY has fewer crypto sessions than it says");
    return next;
  }

  // What follows the payload's first byte.
  Status read_payload(std::uint8_t type) {
    switch (type) {
      case kTime:
        in_.skip(in_.u8() == 2 ? 4 : 8);  // a counter, or NTP
        return {};
      case kRand:
        in_.skip(in_.u8());
        return {};
      case kId:
      case kExtension:
        in_.skip(1);
        in_.skip(in_.u16());
        return {};
      case kPolicy:
        return read_policy();
      case kKemac:
        return read_kemac();
      default:
        return unsupported("an unknown MIKEY payload");
    }
  }

  Status read_policy() {
    Policy policy;
    policy.number = in_.u8();
    std::uint8_t protocol = in_.u8();
    ByteReader parameters(in_.take(in_.u16()));
    if (protocol != 0) return unsupported("a MIKEY policy is not for SRTP");
    while (parameters.left() > 0) {
      std::uint8_t type = parameters.u8();
      Bytes value = parameters.take(parameters.u8());
      if (!parameters.ok()) return malformed("a MIKEY policy ends within a parameter");
      if (value.size() == 1) take_parameter(type, std::to_integer<std::uint8_t>(value[0]), policy);
    }
    if (!policy_ || policy.number == policy_number_) policy_ = policy;
    return {};
  }

  static void take_parameter(std::uint8_t type, std::uint8_t value, Policy &policy) {
    switch (type) {
      case kCipher:
        policy.cipher = value;
        break;
      case kKeyBytes:
        policy.key_bytes = value;
        break;
      case kAuthentication:
        policy.authentication = value;
        break;
      case kAuthenticationKeyBytes:
        policy.authentication_key_bytes = value;
        break;
      case kEncryptsRtp:
        policy.encrypts_rtp = value != 0;
        break;
      case kEncryptsRtcp:
        policy.encrypts_rtcp = value != 0;
        break;
      case kAuthenticatesRtp:
        policy.authenticates_rtp = value != 0;
        break;
      case kTagBytes:
        policy.tag_bytes = value;
        break;
      default:
        break;
    }
  }

  // Section 6.2.
  Status read_kemac() {
    std::uint8_t encryption = in_.u8();
    Bytes data = in_.take(in_.u16());
    std::uint8_t mac = in_.u8();
    if (!in_.ok()) return malformed("MIKEY ends within its keys");
    if (encryption != 0) return unsupported("MIKEY has encrypted keys");
    if (mac != 0) in_.skip(kMac);
    ByteReader keys(data);
    std::uint8_t next = kKeyData;
    for (int count = 0; next != kLast; ++count) {
      if (next != kKeyData) return unsupported("MIKEY has something else for a key");
      if (count == kMaxPayloads) return too_large("MIKEY has too many keys");
      next = keys.u8();
      SLUICE_TRY_VOID(read_key_data(keys));
    }
    return {};
  }

  // Section 6.13, and 6.14 for the validity.
  Status read_key_data(ByteReader &in) {
    std::uint8_t kind = in.u8();
    std::uint8_t type = kind >> 4;
    std::uint8_t validity = kind & 0x0fU;
    KeyData data;
    data.key_and_salt = base::as_text(in.take(in.u16()));
    if ((type & 1U) != 0) data.key_and_salt += base::as_text(in.take(in.u16()));
    if (validity == kSpi) data.mki = base::as_text(in.take(in.u8()));
    if (validity == kInterval) {
      in.skip(in.u8());
      in.skip(in.u8());
    }
    if (!in.ok()) return malformed("MIKEY ends within a key");
    bool is_known = (type == kTek || type == kTekAndSalt) && validity <= kInterval;
    if (!is_known) return unsupported("a MIKEY key is of an unknown kind");
    if (data.mki.size() > kMaxMki) return malformed("a MIKEY key's MKI is too long");
    if (!key_) key_ = std::move(data);
    return {};
  }

  Status apply_policy() {
    Policy policy = policy_.value_or(Policy{});
    std::size_t tag = policy.tag_bytes;
    // GStreamer writes the tag's length where the length of the session's key belongs.
    if (tag == 0) tag = policy.authentication_key_bytes == 4 ? 4 : 10;
    if (policy.cipher == kCipherAesGcm) tag = 16;
    bool is_known = policy.cipher == kCipherNull || policy.cipher == kCipherAesCm ||
                    policy.cipher == kCipherAesGcm;
    std::size_t key_bytes = policy.cipher == kCipherNull ? 16 : policy.key_bytes;
    auto suite = find_srtp_suite(key_bytes, tag);
    if (!is_known || !suite) return unsupported("an unknown MIKEY policy");
    if (key_->key_and_salt.size() != key_and_salt_bytes(*suite)) {
      return malformed("a MIKEY key is of another length than its policy's");
    }
    bool encrypts = policy.cipher != kCipherNull;
    bool authenticates = policy.cipher == kCipherAesGcm || policy.authentication != 0;
    message_.key = {.suite = *suite,
                    .key_and_salt = std::move(key_->key_and_salt),
                    .mki = std::move(key_->mki),
                    .encrypts_rtp = encrypts && policy.encrypts_rtp,
                    .encrypts_rtcp = encrypts && policy.encrypts_rtcp,
                    .authenticates_rtp = authenticates && policy.authenticates_rtp};
    return {};
  }

  ByteReader in_;
  Message message_;
  std::uint8_t policy_number_ = 0;
  std::optional<Policy> policy_;
  std::optional<KeyData> key_;
};

void write_policy(ByteWriter &out, const SrtpKey &key) {
  const SrtpSuiteInfo &suite = info_of(key.suite);
  bool is_gcm = suite.tag_bytes == 16;
  struct Row {
    PolicyType type;
    std::size_t value;
  };
  const Row rows[] = {
      {kCipher, is_gcm ? kCipherAesGcm : kCipherAesCm},
      {kKeyBytes, suite.key_bytes},
      {kAuthentication, is_gcm ? 0U : 1U},
      // GStreamer reads the tag's length here.
      {is_gcm ? kAeadTagBytes : kAuthenticationKeyBytes, suite.tag_bytes},
      {kEncryptsRtp, key.encrypts_rtp},
      {kEncryptsRtcp, key.encrypts_rtcp},
      {kAuthenticatesRtp, key.authenticates_rtp},
  };
  out.u8(kKemac);
  out.u8(0);  // the policy's number
  out.u8(0);  // SRTP
  out.u16(static_cast<std::uint16_t>(std::size(rows) * 3));
  for (const Row &row : rows) {
    out.u8(row.type);
    out.u8(1);
    out.u8(static_cast<std::uint8_t>(row.value));
  }
}

void write_kemac(ByteWriter &out, const SrtpKey &key) {
  std::size_t mki = key.mki.empty() ? 0 : 1 + key.mki.size();
  out.u8(kLast);
  out.u8(0);  // not encrypted
  out.u16(static_cast<std::uint16_t>(4 + key.key_and_salt.size() + mki));
  out.u8(kLast);
  out.u8(static_cast<std::uint8_t>(kTek << 4 | (mki == 0 ? kForever : kSpi)));
  out.u16(static_cast<std::uint16_t>(key.key_and_salt.size()));
  out.text(key.key_and_salt);
  if (mki != 0) {
    out.u8(static_cast<std::uint8_t>(key.mki.size()));
    out.text(key.mki);
  }
  out.u8(0);  // not authenticated
}

}  // namespace

Result<Message> parse(Bytes bytes) {
  if (bytes.size() > kMaxMessage) return too_large("MIKEY is too long");
  return Reader(bytes).read();
}

Result<Message> parse_base64(std::string_view text) {
  if (text.size() > kMaxMessage * 2) return too_large("MIKEY is too long");
  auto bytes = base::base64_decode(text);
  if (!bytes) return malformed("MIKEY is not base64");
  return parse(base::as_bytes(*bytes));
}

std::string make(const Message &message, std::uint64_t ntp_now) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(kVersion);
  out.u8(kPreSharedKey);
  out.u8(kTime);
  out.u8(0);  // no answer is expected; MIKEY-1
  out.u32(message.bundle_id);
  out.u8(static_cast<std::uint8_t>(message.streams.size()));
  out.u8(kSrtpIdMap);
  for (const Stream &stream : message.streams) {
    out.u8(0);
    out.u32(stream.ssrc);
    out.u32(stream.rollover);
  }
  out.u8(kRand);
  out.u8(0);  // NTP, UTC
  out.u64(ntp_now);
  std::array<std::byte, kRandom> random{};
  base::random_bytes(random);
  out.u8(kPolicy);
  out.u8(kRandom);
  out.bytes(random);
  write_policy(out, message.key);
  write_kemac(out, message.key);
  return bytes;
}

}  // namespace sluice::wire::mikey
