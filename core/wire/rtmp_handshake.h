// SPDX-License-Identifier: Apache-2.0
// The RTMP handshake (Adobe, "RTMP Specification 1.0", 2012, section 5.2), simple and with digests.
// The digest form is not in the specification; it is what Flash Player 9 and its successors send,
// in two layouts, and what FFmpeg and others still check. No I/O: bytes in, bytes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::wire::rtmp {

inline constexpr std::size_t kHandshakeSize = 1536;  // of C1, S1, C2 and S2

// Where the digest block lies: after the key block (Schema0) or before it (Schema1).
enum class DigestSchema : std::uint8_t { Schema0, Schema1 };

// The schema by which C1's digest is right, or nothing: then the client wants the simple handshake.
[[nodiscard]] std::optional<DigestSchema> detect_client_digest(base::Bytes c1);
// The same for an S1.
[[nodiscard]] std::optional<DigestSchema> detect_server_digest(base::Bytes s1);

// The server's side. C2 is counted and never verified: too many clients send a wrong one. Encrypted
// RTMP (version 6 and up) and anything that is not version 3 is refused at the first byte.
class HandshakeServer {
 public:
  // Takes handshake bytes from the front of `input`, appends to `output` what must be sent, and
  // returns how many bytes were taken. Once done() is true, the rest of the input is chunk stream.
  [[nodiscard]] base::Result<std::size_t> feed(base::Bytes input, std::string &output);
  [[nodiscard]] bool done() const { return state_ == State::Done; }
  // Known once C1 has come.
  [[nodiscard]] std::optional<DigestSchema> schema() const { return schema_; }

 private:
  enum class State : std::uint8_t { C0, C1, C2, Done };

  void answer(std::string &output);

  State state_ = State::C0;
  std::string c1_;
  std::size_t c2_taken_ = 0;
  std::optional<DigestSchema> schema_;
};

// The client's side, for tests and benches and later for relays.
class HandshakeClient {
 public:
  // With a schema, C1 carries a digest, and those of S1 and S2 are verified.
  explicit HandshakeClient(std::optional<DigestSchema> schema = {}) : schema_(schema) {}

  // Appends C0 and C1.
  void start(std::string &output);
  // As HandshakeServer::feed. Appends C2 when S1 is there.
  [[nodiscard]] base::Result<std::size_t> feed(base::Bytes input, std::string &output);
  [[nodiscard]] bool done() const { return done_; }

 private:
  base::Status answer(std::string &output);
  [[nodiscard]] base::Status verify_s2() const;

  std::optional<DigestSchema> schema_;
  std::string received_;  // S0, S1 and S2
  std::string c1_digest_;
  bool sent_c2_ = false;
  bool done_ = false;
};

}  // namespace sluice::wire::rtmp
