// SPDX-License-Identifier: Apache-2.0
// Authentication of RTSP on both sides: Basic (RFC 7617) and Digest with MD5, MD5-sess, SHA-256 and
// SHA-256-sess (RFC 7616, and RFC 2069 where no qop is offered). Pure; takes hostile bytes. Nothing
// here puts a password or an answer into an error's text.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::wire::rtsp {

enum class Scheme : std::uint8_t { Basic, Digest };
enum class Algorithm : std::uint8_t { Md5, Md5Sess, Sha256, Sha256Sess };

struct Credentials {
  std::string user;
  std::string password;
};

// One challenge that we can answer.
struct Challenge {
  Scheme scheme = Scheme::Basic;
  Algorithm algorithm = Algorithm::Md5;
  bool qop_auth = false;  // qop is there, and "auth" is among its values
  bool stale = false;
  std::string realm;
  std::string nonce;
  std::string opaque;
  std::string algorithm_text;  // as written, because it is echoed; empty when it was not there
};

// The challenges of all WWW-Authenticate fields, several of which may stand in one field, without
// those that we cannot answer (other schemes and algorithms, qop=auth-int alone). At most 16.
[[nodiscard]] std::vector<Challenge> parse_challenges(std::span<const std::string_view> values);

// The strongest: Digest before Basic, SHA-256 before MD5. Null when there is none.
[[nodiscard]] const Challenge *pick_challenge(std::span<const Challenge> challenges);

// A client's side of one connection. Owned by its session.
class Authenticator {
 public:
  explicit Authenticator(Credentials credentials) : credentials_(std::move(credentials)) {}

  enum class Verdict : std::uint8_t {
    Retry,        // send the request again, with what authorize() gives now
    Refused,      // the credentials are wrong, or there are none
    Unsupported,  // no challenge that we can answer
  };
  // A 401's WWW-Authenticate values. A new nonce, stale or not, is answered when the last one had
  // been accepted; when Digest with SHA-256 was refused and MD5 is offered too, that is tried.
  // Never goes from Digest to Basic.
  [[nodiscard]] Verdict on_unauthorized(std::span<const std::string_view> values);

  // An answer other than 401 to a request that carried authorize()'s value.
  void on_accepted();

  // The value of the Authorization field, or empty when nothing has been challenged. Counts the
  // nonce's use. The URI must be the request's, letter for letter.
  [[nodiscard]] std::string authorize(std::string_view method, std::string_view uri);

  [[nodiscard]] bool has_challenge() const { return challenged_; }
  [[nodiscard]] const Challenge &challenge() const { return challenge_; }

 private:
  [[nodiscard]] Verdict adopt(const Challenge &challenge);

  Credentials credentials_;
  Challenge challenge_;
  bool challenged_ = false;
  bool used_ = false;      // a request has carried an answer to challenge_
  bool accepted_ = false;  // and it was taken
  std::uint32_t count_ = 0;
  std::uint32_t stale_in_a_row_ = 0;
};

// A client's Authorization field.
struct Authorization {
  Scheme scheme = Scheme::Basic;
  Algorithm algorithm = Algorithm::Md5;
  std::string user;
  std::string password;  // of Basic
  std::string realm;     // of Digest, as are the rest
  std::string nonce;
  std::string uri;
  std::string response;
  std::string qop;
  std::string count;
  std::string client_nonce;
};
[[nodiscard]] base::Result<Authorization> parse_authorization(std::string_view value);

// What an Authorization must answer.
struct Demand {
  std::string_view realm;
  std::string_view method;
  std::string_view uri;  // of the request
};

// Whether it is from somebody who knows the password; the nonce is checked by Nonces. The digest's
// URI may be the request's path only (Bosch BVMS), may differ by a slash at the end, and in SETUP
// may be the base URL with or without that slash (VLC, HappyTime).
[[nodiscard]] bool verify(const Authorization &authorization, const Credentials &credentials,
                          const Demand &demand);

// The value of WWW-Authenticate. Without qop, which old clients do not know. Offer MD5 first:
// FFmpeg takes the first and cannot do SHA-256.
[[nodiscard]] std::string make_digest_challenge(Algorithm algorithm, std::string_view realm,
                                                std::string_view nonce, bool stale);
[[nodiscard]] std::string make_basic_challenge(std::string_view realm);

// A server's nonces: 128 random bits and the time, sealed with a key of this object's own, so that
// nothing has to be remembered.
class Nonces {
 public:
  Nonces();

  enum class State : std::uint8_t { Fresh, Stale, Foreign };
  [[nodiscard]] std::string make(base::MonoTime now) const;
  [[nodiscard]] State check(std::string_view nonce, base::MonoTime now,
                            std::chrono::seconds max_age) const;

 private:
  [[nodiscard]] std::string seal(std::string_view text) const;

  std::array<std::byte, 32> key_{};
};

}  // namespace sluice::wire::rtsp
