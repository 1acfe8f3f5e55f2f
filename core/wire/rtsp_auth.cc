// SPDX-License-Identifier: Apache-2.0
// The client's side, and what both sides share.
#include "wire/rtsp_auth.h"

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "wire/rtsp_digest.h"
#include "wire/text.h"

namespace sluice::wire::rtsp {
namespace {

constexpr std::size_t kMaxChallenges = 16;
constexpr std::size_t kMaxText = 2048;  // of a realm, nonce or opaque
constexpr std::uint32_t kMaxStaleInARow = 3;

int strength(const Challenge &challenge) {
  if (challenge.scheme == Scheme::Basic) return 0;
  return is_sha256(challenge.algorithm) ? 2 : 1;
}

bool lists_auth(std::string_view qop) {
  while (!qop.empty()) {
    if (equal_ignoring_case(trim(take_until(qop, ',')), "auth")) return true;
  }
  return false;
}

// One challenge as it is read, before it is known whether we can answer it.
struct Draft {
  Challenge challenge;
  bool is_known = false;
  bool has_qop = false;
};

void take_parameter(const Parameter &parameter, Draft &draft) {
  Challenge &challenge = draft.challenge;
  auto is = [&](std::string_view name) { return equal_ignoring_case(parameter.name, name); };
  if (parameter.value.size() > kMaxText) draft.is_known = false;
  if (is("realm")) challenge.realm = parameter.value;
  if (is("nonce")) challenge.nonce = parameter.value;
  if (is("opaque")) challenge.opaque = parameter.value;
  if (is("stale")) challenge.stale = equal_ignoring_case(trim(parameter.value), "true");
  if (is("qop")) {
    draft.has_qop = !trim(parameter.value).empty();
    challenge.qop_auth = lists_auth(parameter.value);
  }
  if (is("algorithm")) {
    challenge.algorithm_text = trim(parameter.value);
    auto algorithm = algorithm_of(challenge.algorithm_text);
    if (algorithm) challenge.algorithm = *algorithm;
    if (!algorithm && !challenge.algorithm_text.empty()) draft.is_known = false;
  }
}

std::string make_client_nonce() {
  std::array<std::byte, 8> bytes{};
  base::random_bytes(bytes);
  return base::hex(bytes);
}

void append_quoted(std::string &out, std::string_view name, std::string_view value) {
  out += out.ends_with(' ') ? "" : ", ";
  out += name;
  out += '=';
  out += quote(value);
}

}  // namespace

std::vector<Challenge> parse_challenges(std::span<const std::string_view> values) {
  std::vector<Challenge> challenges;
  Draft draft;
  auto finish = [&] {
    bool can_answer = draft.is_known && (!draft.has_qop || draft.challenge.qop_auth) &&
                      (draft.challenge.scheme == Scheme::Basic || !draft.challenge.nonce.empty());
    if (can_answer && challenges.size() < kMaxChallenges)
      challenges.push_back(std::move(draft.challenge));
    draft = {};
  };
  for (std::string_view value : values) {
    ParameterReader reader(value);
    while (auto parameter = reader.next()) {
      if (!parameter->scheme.empty()) {
        finish();
        bool is_digest = equal_ignoring_case(parameter->scheme, "Digest");
        draft.is_known = is_digest || equal_ignoring_case(parameter->scheme, "Basic");
        draft.challenge.scheme = is_digest ? Scheme::Digest : Scheme::Basic;
      }
      if (!parameter->name.empty()) take_parameter(*parameter, draft);
    }
    finish();
  }
  return challenges;
}

const Challenge *pick_challenge(std::span<const Challenge> challenges) {
  auto best = std::ranges::max_element(challenges, {}, strength);
  return best == challenges.end() ? nullptr : &*best;
}

Authenticator::Verdict Authenticator::on_unauthorized(std::span<const std::string_view> values) {
  std::vector<Challenge> challenges = parse_challenges(values);
  const Challenge *best = pick_challenge(challenges);
  if (best == nullptr) return Verdict::Unsupported;
  if (credentials_.user.empty() && credentials_.password.empty()) return Verdict::Refused;
  if (!challenged_ || !used_) return adopt(*best);
  // Our answer was refused. The same kind again is worth a try only with another nonce.
  auto same = std::ranges::find_if(challenges, [&](const Challenge &challenge) {
    return challenge.scheme == challenge_.scheme && challenge.algorithm == challenge_.algorithm;
  });
  bool is_new = same != challenges.end() && same->scheme == Scheme::Digest &&
                (same->stale || (accepted_ && same->nonce != challenge_.nonce));
  if (is_new && stale_in_a_row_ < kMaxStaleInARow) {
    ++stale_in_a_row_;
    return adopt(*same);
  }
  auto weaker = std::ranges::find_if(challenges, [&](const Challenge &challenge) {
    return challenge.scheme == Scheme::Digest && strength(challenge) < strength(challenge_);
  });
  return weaker == challenges.end() ? Verdict::Refused : adopt(*weaker);
}

Authenticator::Verdict Authenticator::adopt(const Challenge &challenge) {
  challenge_ = challenge;
  challenged_ = true;
  used_ = accepted_ = false;
  count_ = 0;
  return Verdict::Retry;
}

void Authenticator::on_accepted() {
  accepted_ = used_;
  stale_in_a_row_ = 0;
}

std::string Authenticator::authorize(std::string_view method, std::string_view uri) {
  if (!challenged_) return {};
  used_ = true;
  if (challenge_.scheme == Scheme::Basic) {
    std::string pair = credentials_.user + ':' + credentials_.password;
    return "Basic " + base::base64(base::as_bytes(pair));
  }
  bool needs_client_nonce = challenge_.qop_auth || is_session(challenge_.algorithm);
  std::array<std::byte, 4> count{};
  base::put_u32(count.data(), ++count_);
  Authorization answer{.scheme = Scheme::Digest,
                       .algorithm = challenge_.algorithm,
                       .user = credentials_.user,
                       .realm = challenge_.realm,
                       .nonce = challenge_.nonce,
                       .uri = std::string(uri),
                       .qop = challenge_.qop_auth ? "auth" : "",
                       .count = base::hex(count),
                       .client_nonce = needs_client_nonce ? make_client_nonce() : ""};
  std::string out = "Digest ";
  append_quoted(out, "username", answer.user);
  append_quoted(out, "realm", answer.realm);
  append_quoted(out, "nonce", answer.nonce);
  append_quoted(out, "uri", uri);
  append_quoted(out, "response", digest_response(answer, credentials_.password, method));
  if (!challenge_.algorithm_text.empty()) out += ", algorithm=" + challenge_.algorithm_text;
  if (!challenge_.opaque.empty()) append_quoted(out, "opaque", challenge_.opaque);
  if (challenge_.qop_auth) out += ", qop=auth, nc=" + answer.count;
  if (needs_client_nonce) append_quoted(out, "cnonce", answer.client_nonce);
  return out;
}

}  // namespace sluice::wire::rtsp
