// SPDX-License-Identifier: Apache-2.0
#include "wire/rtmp_handshake.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/hash.h"

namespace sluice::wire::rtmp {
namespace {

using base::Bytes;
using base::Code;
using base::Domain;
using base::MutableBytes;
using base::Result;
using base::Status;

constexpr std::uint8_t kVersion = 3;
constexpr std::size_t kDigestSize = 32;
constexpr std::size_t kDigestBlock =
    764;                                // 4 bytes that say where the digest lies, then room for it
constexpr std::size_t kFirstBlock = 8;  // after the time and the version

// Public constants of the Flash Player and of the Flash Media Server: a text, then the same 32
// bytes. The text alone signs C1 and S1, the whole signs C2 and S2.
constexpr std::string_view kPlayerText = "Genuine Adobe Flash Player 001";
constexpr std::string_view kServerText = "Genuine Adobe Flash Media Server 001";
constexpr std::array<unsigned char, 32> kKeyTail = {
    0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57,
    0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae};

using Digest = std::array<std::byte, kDigestSize>;

Digest sign(std::string_view key, std::string_view data) {
  return base::hmac_sha256(base::as_bytes(key), base::as_bytes(data));
}

std::string_view text_of(const Digest &digest) { return base::as_text(Bytes(digest)); }

std::string whole_key(std::string_view text) {
  return std::string(text).append(reinterpret_cast<const char *>(kKeyTail.data()), kKeyTail.size());
}

// Where the digest of a C1 or S1 lies: the first four bytes of its block add up to an offset behind
// them.
std::size_t digest_position(std::string_view packet, DigestSchema schema) {
  std::size_t block = schema == DigestSchema::Schema1 ? kFirstBlock : kFirstBlock + kDigestBlock;
  std::size_t sum = 0;
  for (char c : packet.substr(block, 4))
    sum += static_cast<unsigned char>(c);
  return block + 4 + sum % (kDigestBlock - 4 - kDigestSize);
}

// The digest that a C1 or S1 should carry: over everything but the digest.
Digest packet_digest(std::string_view packet, std::size_t position, std::string_view key) {
  std::string signed_part(packet.substr(0, position));
  signed_part += packet.substr(position + kDigestSize);
  return sign(key, signed_part);
}

std::optional<DigestSchema> detect(Bytes bytes, std::string_view key) {
  if (bytes.size() != kHandshakeSize) return {};
  std::string_view packet = base::as_text(bytes);
  for (DigestSchema schema : {DigestSchema::Schema1, DigestSchema::Schema0}) {
    std::size_t position = digest_position(packet, schema);
    if (text_of(packet_digest(packet, position, key)) == packet.substr(position, kDigestSize))
      return schema;
  }
  return {};
}

// A C1 or S1: time 0, version, random bytes, and a digest when there is a schema.
std::string make_packet(std::uint32_t version, std::optional<DigestSchema> schema,
                        std::string_view key) {
  std::string packet;
  base::ByteWriter writer(packet);
  writer.u32(0);
  writer.u32(version);
  packet.resize(kHandshakeSize);
  MutableBytes random = std::as_writable_bytes(std::span(packet)).subspan(kFirstBlock);
  base::random_bytes(random);
  if (schema) {
    std::size_t position = digest_position(packet, *schema);
    packet.replace(position, kDigestSize, text_of(packet_digest(packet, position, key)));
  }
  return packet;
}

// The signature at the end of a C2 or S2: by a key that is made from the other side's digest.
Digest response_signature(std::string_view response, std::string_view peer_digest,
                          std::string_view text) {
  Digest key = sign(whole_key(text), peer_digest);
  return sign(text_of(key), response.substr(0, kHandshakeSize - kDigestSize));
}

std::string make_response(std::string_view peer_digest, std::string_view text) {
  std::string response(kHandshakeSize, '\0');
  base::random_bytes(std::as_writable_bytes(std::span(response)));
  response.replace(kHandshakeSize - kDigestSize, kDigestSize,
                   text_of(response_signature(response, peer_digest, text)));
  return response;
}

// Moves bytes from `input` to the end of `to` until it has `size`, and returns how many.
std::size_t collect(std::string &to, std::size_t size, Bytes input) {
  std::size_t taken = std::min(size - to.size(), input.size());
  to += base::as_text(input.first(taken));
  return taken;
}

}  // namespace

std::optional<DigestSchema> detect_client_digest(Bytes c1) { return detect(c1, kPlayerText); }
std::optional<DigestSchema> detect_server_digest(Bytes s1) { return detect(s1, kServerText); }

Result<std::size_t> HandshakeServer::feed(Bytes input, std::string &output) {
  std::size_t taken = 0;
  if (state_ == State::C0 && !input.empty()) {
    auto version = std::to_integer<std::uint8_t>(input[0]);
    if (version == 6 || version == 8) {
      return base::fail(Domain::Wire, Code::Unsupported, "encrypted RTMP is not supported");
    }
    if (version != kVersion)
      return base::fail(Domain::Wire, Code::Malformed, "not an RTMP handshake");
    taken = 1;
    state_ = State::C1;
  }
  if (state_ == State::C1) {
    taken += collect(c1_, kHandshakeSize, input.subspan(taken));
    if (c1_.size() == kHandshakeSize) {
      answer(output);
      state_ = State::C2;
    }
  }
  if (state_ == State::C2) {
    std::size_t size = std::min(kHandshakeSize - c2_taken_, input.size() - taken);
    c2_taken_ += size;
    taken += size;
    if (c2_taken_ == kHandshakeSize) state_ = State::Done;
  }
  return taken;
}

// Appends S0, S1 and S2. Without a digest S1 says version 0, so that FFmpeg does not look for one,
// and S2 echoes C1.
void HandshakeServer::answer(std::string &output) {
  schema_ = detect_client_digest(base::as_bytes(c1_));
  output.push_back(static_cast<char>(kVersion));
  if (schema_) {
    output += make_packet(0x04050001, schema_, kServerText);
    std::string_view client_digest =
        std::string_view(c1_).substr(digest_position(c1_, *schema_), kDigestSize);
    output += make_response(client_digest, kServerText);
  } else {
    output += make_packet(0, {}, kServerText);
    output += c1_;
  }
  c1_ = std::string();
}

void HandshakeClient::start(std::string &output) {
  std::string c1 = make_packet(schema_ ? 0x09007c02 : 0, schema_, kPlayerText);
  if (schema_) c1_digest_ = c1.substr(digest_position(c1, *schema_), kDigestSize);
  output.push_back(static_cast<char>(kVersion));
  output += c1;
}

Result<std::size_t> HandshakeClient::feed(Bytes input, std::string &output) {
  if (done_) return 0;
  std::size_t taken = collect(received_, 1 + 2 * kHandshakeSize, input);
  if (!received_.empty() && received_[0] != static_cast<char>(kVersion)) {
    return base::fail(Domain::Wire, Code::Malformed, "not an RTMP handshake");
  }
  if (!sent_c2_ && received_.size() >= 1 + kHandshakeSize) SLUICE_TRY_VOID(answer(output));
  if (received_.size() == 1 + 2 * kHandshakeSize) {
    if (schema_) SLUICE_TRY_VOID(verify_s2());
    done_ = true;
    received_ = std::string();
  }
  return taken;
}

Status HandshakeClient::answer(std::string &output) {
  std::string_view s1 = std::string_view(received_).substr(1, kHandshakeSize);
  if (schema_) {
    if (detect_server_digest(base::as_bytes(s1)) != schema_) {
      return base::fail(Domain::Wire, Code::Malformed, "RTMP server's digest is wrong");
    }
    output += make_response(s1.substr(digest_position(s1, *schema_), kDigestSize), kPlayerText);
  } else {
    output += s1;
  }
  sent_c2_ = true;
  return {};
}

Status HandshakeClient::verify_s2() const {
  std::string_view s2 = std::string_view(received_).substr(1 + kHandshakeSize);
  Digest expected = response_signature(s2, c1_digest_, kServerText);
  if (s2.substr(kHandshakeSize - kDigestSize) == text_of(expected)) return {};
  return base::fail(Domain::Wire, Code::Malformed, "RTMP server's signature is wrong");
}

}  // namespace sluice::wire::rtmp
