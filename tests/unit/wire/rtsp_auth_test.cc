// SPDX-License-Identifier: Apache-2.0
// Digest and Basic, from both sides: published examples, what cameras offer, and what clients
// answer.
#include "wire/rtsp_auth.h"

#include <doctest/doctest.h>

#include "base/hash.h"

namespace sluice::wire::rtsp {
namespace {

using namespace std::chrono_literals;
using Verdict = Authenticator::Verdict;
using Values = std::vector<std::string_view>;

std::string md5_hex(std::string_view text) { return base::hex(base::md5(base::as_bytes(text))); }

std::vector<Challenge> challenges_of(std::string_view value) {
  return parse_challenges(Values{value});
}

Authorization authorization_of(const std::string &value) {
  auto parsed = parse_authorization(value);
  REQUIRE_MESSAGE(parsed.has_value(), value);
  return *std::move(parsed);
}

TEST_SUITE("wire") {
  TEST_CASE("rtsp auth: challenges as cameras write them") {
    auto found = challenges_of(
        "Digest realm=\"IP Camera(C6496)\", nonce=\"4e5a:abc==\", stale=\"FALSE\", "
        "algorithm=\"MD5\"");
    REQUIRE(found.size() == 1);
    CHECK(found[0].scheme == Scheme::Digest);
    CHECK(found[0].realm == "IP Camera(C6496)");
    CHECK(found[0].nonce == "4e5a:abc==");
    CHECK(found[0].algorithm_text == "MD5");
    CHECK_FALSE(found[0].stale);
    CHECK_FALSE(found[0].qop_auth);
    CHECK(challenges_of(R"(Digest realm="a",nonce="b",stale="TRUE")")[0].stale);
    CHECK(challenges_of(R"(Digest realm="a",nonce="b",stale=true)")[0].stale);
    CHECK(
        challenges_of(R"(digest Realm = "a\"b" , Nonce = b , QOP = "auth-int, auth")")[0].qop_auth);
    CHECK(challenges_of(R"(Digest realm="a\"b",nonce=b)")[0].realm == "a\"b");
    CHECK(challenges_of("Digest realm=IP Camera(1), nonce=5, algorithm=SHA-256")[0].algorithm ==
          Algorithm::Sha256);
  }

  TEST_CASE("rtsp auth: several challenges, in one field or many, and those we cannot answer") {
    auto one = challenges_of(
        R"(Basic realm="/", Digest realm="a", nonce="n1", algorithm=SHA-256, qop="auth", )"
        R"(Digest realm="a", nonce="n2", Negotiate, NTLM TlRM=, Bearer realm="x")");
    REQUIRE(one.size() == 3);
    CHECK(one[0].realm == "/");
    CHECK(one[1].nonce == "n1");
    CHECK(one[2].nonce == "n2");
    CHECK(pick_challenge(one) == &one[1]);
    auto many = parse_challenges(Values{R"(Digest realm="r", nonce="n")", R"(Basic realm="/")"});
    REQUIRE(many.size() == 2);
    CHECK(pick_challenge(many)->scheme == Scheme::Digest);
    for (std::string_view none :
         {"", "Digest", R"(Digest realm="r")", R"(Digest realm="r",nonce="n",algorithm=TOKEN)",
          R"(Digest realm="r",nonce="n",qop="auth-int")", "Negotiate abc", R"("=,;\)"}) {
      CHECK_MESSAGE(challenges_of(none).empty(), none);
    }
    CHECK(pick_challenge({}) == nullptr);
    std::string flood;
    for (int i = 0; i < 1000; ++i)
      flood += "Basic realm=x,";
    CHECK(challenges_of(flood).size() == 16);
  }

  TEST_CASE("rtsp auth: the digests of RFC 7616's example") {
    Authorization answer{.scheme = Scheme::Digest,
                         .user = "Mufasa",
                         .realm = "http-auth@example.org",
                         .nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                         .uri = "/dir/index.html",
                         .response = "8ca523f5e9506fed4657c9700eebdbec",
                         .qop = "auth",
                         .count = "00000001",
                         .client_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"};
    Credentials mufasa{"Mufasa", "Circle of Life"};
    Demand demand{"http-auth@example.org", "GET", "/dir/index.html"};
    CHECK(verify(answer, mufasa, demand));
    CHECK_FALSE(verify(answer, {"Mufasa", "circle of life"}, demand));
    CHECK_FALSE(verify(answer, {"Scar", "Circle of Life"}, demand));
    answer.algorithm = Algorithm::Sha256;
    CHECK_FALSE(verify(answer, mufasa, demand));
    answer.response = "753927FA0E85D155564E2E272A28D1802CA10DAF4496794697CF8DB5856CB6C1";
    CHECK(verify(answer, mufasa, demand));
  }

  TEST_CASE("rtsp auth: RFC 2069's form, which cameras without qop expect") {
    Authenticator client({"admin", "pass:word"});
    CHECK(client.authorize("OPTIONS", "rtsp://h/").empty());
    CHECK(client.on_unauthorized(Values{R"(Digest realm="r", nonce="n", opaque="o")"}) ==
          Verdict::Retry);
    std::string response =
        md5_hex(md5_hex("admin:r:pass:word") + ":n:" + md5_hex("DESCRIBE:rtsp://h/a"));
    CHECK(client.authorize("DESCRIBE", "rtsp://h/a") ==
          R"(Digest username="admin", realm="r", nonce="n", uri="rtsp://h/a", response=")" +
              response + R"(", opaque="o")");
  }

  TEST_CASE("rtsp auth: every algorithm that a client answers with, a server accepts") {
    for (Algorithm algorithm :
         {Algorithm::Md5, Algorithm::Md5Sess, Algorithm::Sha256, Algorithm::Sha256Sess}) {
      for (const char *qop : {"", ", qop=\"auth\""}) {
        std::string challenge = make_digest_challenge(algorithm, "re\"alm", "n0nce", false) + qop;
        Authenticator client({"us\"er", "pa\\ss"});
        REQUIRE(client.on_unauthorized(Values{challenge}) == Verdict::Retry);
        std::string first = client.authorize("SETUP", "rtsp://h/a");
        std::string second = client.authorize("SETUP", "rtsp://h/a");
        CHECK(second.contains("nc=00000002") == (*qop != '\0'));
        for (const std::string &value : {first, second}) {
          Demand demand{"re\"alm", "SETUP", "rtsp://h/a"};
          Authorization parsed = authorization_of(value);
          CHECK(parsed.algorithm == algorithm);
          CHECK(parsed.nonce == "n0nce");
          CHECK(verify(parsed, {"us\"er", "pa\\ss"}, demand));
          demand.method = "PLAY";
          CHECK_FALSE(verify(parsed, {"us\"er", "pa\\ss"}, demand));
        }
      }
    }
  }

  TEST_CASE("rtsp auth: Basic both ways") {
    Authenticator client({"Aladdin", "open sesame"});
    CHECK(client.on_unauthorized(Values{make_basic_challenge("/")}) == Verdict::Retry);
    std::string value = client.authorize("DESCRIBE", "rtsp://h/");
    CHECK(value == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    Authorization parsed = authorization_of(value);
    CHECK(verify(parsed, {"Aladdin", "open sesame"}, {}));
    CHECK_FALSE(verify(parsed, {"Aladdin", "open"}, {}));
    CHECK_FALSE(verify(parsed, {"aladdin", "open sesame"}, {}));
    CHECK(client.on_unauthorized(Values{make_basic_challenge("/")}) == Verdict::Refused);
  }

  TEST_CASE("rtsp auth: a client gives up when its answer is wrong, and not before") {
    Values digest = {R"(Digest realm="r", nonce="n1")"};
    Values next = {R"(Digest realm="r", nonce="n2")"};
    SUBCASE("refused at the first answer") {
      Authenticator client({"u", "p"});
      CHECK(client.on_unauthorized(digest) == Verdict::Retry);
      // Asked again before anything was answered.
      CHECK(client.on_unauthorized(digest) == Verdict::Retry);
      (void)client.authorize("DESCRIBE", "a");
      CHECK(client.on_unauthorized(next) == Verdict::Refused);
    }
    SUBCASE("a new nonce after answers that were taken") {
      Authenticator client({"u", "p"});
      CHECK(client.on_unauthorized(digest) == Verdict::Retry);
      (void)client.authorize("DESCRIBE", "a");
      client.on_accepted();
      (void)client.authorize("OPTIONS", "a");
      CHECK(client.on_unauthorized(next) == Verdict::Retry);
      CHECK(client.challenge().nonce == "n2");
      (void)client.authorize("OPTIONS", "a");
      CHECK(client.on_unauthorized(digest) == Verdict::Refused);
    }
    SUBCASE("stale, but not for ever") {
      Authenticator client({"u", "p"});
      Values stale = {R"(Digest realm="r", nonce="n", stale=true)"};
      CHECK(client.on_unauthorized(stale) == Verdict::Retry);
      int retries = 0;
      for (; retries < 100; ++retries) {
        (void)client.authorize("DESCRIBE", "a");
        if (client.on_unauthorized(stale) != Verdict::Retry) break;
      }
      CHECK(retries == 3);
    }
    SUBCASE("SHA-256 that the camera gets wrong, then MD5, never Basic") {
      Authenticator client({"u", "p"});
      Values both = {R"(Digest realm="r", nonce="n", algorithm=SHA-256)",
                     R"(Digest realm="r", nonce="n", algorithm=MD5)", R"(Basic realm="r")"};
      CHECK(client.on_unauthorized(both) == Verdict::Retry);
      CHECK(client.challenge().algorithm == Algorithm::Sha256);
      (void)client.authorize("DESCRIBE", "a");
      CHECK(client.on_unauthorized(both) == Verdict::Retry);
      CHECK(client.challenge().algorithm == Algorithm::Md5);
      (void)client.authorize("DESCRIBE", "a");
      CHECK(client.on_unauthorized(both) == Verdict::Refused);
    }
    SUBCASE("nothing to answer, or nothing to answer with") {
      Authenticator client({"u", "p"});
      CHECK(client.on_unauthorized(Values{"Negotiate"}) == Verdict::Unsupported);
      CHECK(client.on_unauthorized({}) == Verdict::Unsupported);
      Authenticator nobody({});
      CHECK(nobody.on_unauthorized(digest) == Verdict::Refused);
    }
  }

  TEST_CASE("rtsp auth: the digest's URI may differ as clients make it differ") {
    struct Row {
      const char *method;
      const char *asked;
      const char *digest;
      bool fits;
    };
    for (const Row &row : {
             Row{"DESCRIBE", "rtsp://h:8554/s/c", "rtsp://h:8554/s/c", true},
             Row{"DESCRIBE", "rtsp://h:8554/s/c", "/s/c", true},  // Bosch BVMS
             Row{"DESCRIBE", "rtsp://h:8554/s/c", "rtsp://h:8554/s/c/", true},
             Row{"DESCRIBE", "rtsp://h/s/c/", "rtsp://other/s/c", true},
             Row{"SETUP", "rtsp://h/s/c/trackID=0", "rtsp://h/s/c/", true},  // VLC
             Row{"SETUP", "rtsp://h/s/c/trackID=0", "rtsp://h/s/c", true},   // HappyTime
             Row{"PLAY", "rtsp://h/s/c/trackID=0", "rtsp://h/s/c", false},
             Row{"SETUP", "rtsp://h/s/cam2", "rtsp://h/s/cam", false},
             Row{"SETUP", "rtsp://h/s/c", "rtsp://h/", false},
             Row{"DESCRIBE", "rtsp://h/s/c", "rtsp://h/s/d", false},
             Row{"OPTIONS", "*", "*", true},
         }) {
      Authenticator client({"u", "p"});
      REQUIRE(client.on_unauthorized(Values{R"(Digest realm="r", nonce="n")"}) == Verdict::Retry);
      Authorization answer = authorization_of(client.authorize(row.method, row.digest));
      CHECK_MESSAGE(verify(answer, {"u", "p"}, {"r", row.method, row.asked}) == row.fits, row.asked,
                    " ", row.digest);
      CHECK_FALSE(verify(answer, {"u", "p"}, {"other", row.method, row.asked}));
    }
  }

  TEST_CASE("rtsp auth: answers that are none") {
    for (const char *bad :
         {"", "Basic", "Basic !!!", "Basic YQ==", "Bearer abc", "Digest", "Digest username=\"a\"",
          "Digest nonce=\"a\", uri=\"b\"", R"(Digest nonce="a", response="b")",
          R"(Digest nonce="a", uri="b", response="c", algorithm=NONE)"}) {
      CHECK_MESSAGE(!parse_authorization(bad).has_value(), bad);
    }
    CHECK_FALSE(parse_authorization("Basic " + std::string(5000, 'A')).has_value());
    // A qop that was never offered, and one without what it needs.
    Authorization answer = authorization_of(
        R"(Digest username="u", realm="r", nonce="n", uri="/", response="x", qop=auth)");
    CHECK_FALSE(verify(answer, {"u", "p"}, {"r", "PLAY", "/"}));
    answer.qop = "auth-int";
    answer.client_nonce = "c";
    CHECK_FALSE(verify(answer, {"u", "p"}, {"r", "PLAY", "/"}));
  }

  TEST_CASE("rtsp auth: challenges that every client can read") {
    CHECK(make_digest_challenge(Algorithm::Md5, "Sluice", "n", false) ==
          R"(Digest realm="Sluice", nonce="n")");
    CHECK(make_digest_challenge(Algorithm::Sha256, "Sluice", "n", true) ==
          R"(Digest realm="Sluice", nonce="n", algorithm=SHA-256, stale=true)");
    CHECK(make_basic_challenge("a\"b\r\n") == R"(Basic realm="a\"b")");
  }

  TEST_CASE("rtsp auth: nonces are our own, age, and never repeat") {
    Nonces nonces;
    base::MonoTime now{1000s};
    std::string nonce = nonces.make(now);
    CHECK(nonce.size() == 80);
    CHECK(nonce != nonces.make(now));
    CHECK(nonces.check(nonce, now, 60s) == Nonces::State::Fresh);
    CHECK(nonces.check(nonce, now + 60s, 60s) == Nonces::State::Fresh);
    CHECK(nonces.check(nonce, now + 61s, 60s) == Nonces::State::Stale);
    CHECK(Nonces().check(nonce, now, 60s) == Nonces::State::Foreign);
    for (std::size_t i = 0; i < nonce.size(); ++i) {
      std::string other = nonce;
      other[i] = other[i] == '0' ? '1' : '0';
      CHECK(nonces.check(other, now, 60s) == Nonces::State::Foreign);
    }
    CHECK(nonces.check("", now, 60s) == Nonces::State::Foreign);
    CHECK(nonces.check(nonce + "0", now, 60s) == Nonces::State::Foreign);
  }
}

}  // namespace
}  // namespace sluice::wire::rtsp
