// SPDX-License-Identifier: Apache-2.0
// RTSP's text: the byte stream of both sides, whole and in pieces; header fields; URLs. What we
// write of what was read must read back as the same.
#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz_input.h"
#include "wire/rtsp_auth.h"
#include "wire/rtsp_headers.h"
#include "wire/rtsp_message.h"
#include "wire/rtsp_transport.h"
#include "wire/rtsp_url.h"
#include "wire/text.h"

namespace {

using namespace sluice;
using namespace sluice::wire::rtsp;

bool has_control(std::string_view text) { return std::ranges::any_of(text, wire::is_control); }

void check_transport(std::string_view value) {
  if (auto transport = parse_transport_answer(value)) {
    auto again = parse_transport_answer(to_string(*transport));
    SLUICE_CHECK(again.has_value() && to_string(*again) == to_string(*transport));
  }
  auto transports = parse_transport_request(value);
  if (!transports) return;
  SLUICE_CHECK(!transports->empty() && transports->size() <= kMaxAlternatives);
  for (const Transport &transport : *transports) {
    const auto &port = transport.client_port;
    bool is_udp = transport.lower == LowerTransport::Udp && !transport.multicast;
    SLUICE_CHECK(!is_udp || (port && port->rtp % 2 == 0 && port->rtcp == port->rtp + 1));
    SLUICE_CHECK(parse_transport_request(to_string(transport)).has_value());
  }
}

// Whatever is challenged, a server accepts our answer to it.
void check_challenges(std::string_view value) {
  std::vector<std::string_view> values = {value};
  Authenticator client({"user", "password"});
  if (client.on_unauthorized(values) != Authenticator::Verdict::Retry || has_control(value)) return;
  std::string answer = client.authorize("DESCRIBE", "rtsp://h/a");
  if (answer.size() > 4096) return;
  auto parsed = parse_authorization(answer);
  SLUICE_CHECK(parsed.has_value());
  SLUICE_CHECK(
      verify(*parsed, {"user", "password"}, {client.challenge().realm, "DESCRIBE", "rtsp://h/a"}));
}

void check_value(std::string_view value) {
  check_transport(value);
  check_challenges(value);
  if (auto authorization = parse_authorization(value)) {
    (void)verify(*authorization, {"user", "password"}, {"r", "SETUP", "rtsp://h/a/b"});
  }
  if (auto session = parse_session(value)) {
    SLUICE_CHECK(!session->id.empty() && session->timeout.count() > 0);
    SLUICE_CHECK(parse_session(session->id)->id == session->id);
  }
  SLUICE_CHECK(parse_public(format_public(parse_public(value))) == parse_public(value));
  SLUICE_CHECK(parse_rtp_info(value).size() <= 32);
  SLUICE_CHECK(parse_key_mgmt(value).size() <= 8);
  if (auto range = parse_npt(value)) SLUICE_CHECK(!range->start || *range->start < 1e15);
  SLUICE_CHECK(!has_control(redact(value)));
}

class Recorder : public SplitterEvents {
 public:
  bool on_message(const Message &message) override {
    std::string line(message.is_request ? message.method : message.reason);
    line += ' ' + std::string(message.uri) + ' ' + std::to_string(message.status);
    SLUICE_CHECK(!has_control(line));
    for (const Field &field : message.fields) {
      SLUICE_CHECK(!has_control(field.name) && !has_control(field.value));
      line += '\n' + std::string(field.name) + ':' + std::string(field.value);
    }
    log.push_back(line + '\n' + std::string(message.body));
    (void)message.cseq();
    return true;
  }
  bool on_packet(std::uint8_t channel, base::MutableBytes payload) override {
    log.push_back('$' + std::to_string(channel) + std::string(base::as_text(payload)));
    std::ranges::fill(payload, std::byte{'x'});
    return true;
  }
  void on_skipped(std::size_t bytes) override { skipped += bytes; }

  std::vector<std::string> log;
  std::size_t skipped = 0;
};

class Stream {
 public:
  Stream(Peer peer, bool expects) : splitter_(peer) {
    if (!expects) return;
    for (std::uint8_t channel = 0; channel < 4; ++channel)
      splitter_.expect_channel(channel);
  }

  bool feed(base::Bytes bytes) {
    buffer_ += base::as_text(bytes);
    auto consumed = splitter_.feed(std::as_writable_bytes(std::span(buffer_)), recorder);
    if (!consumed) return false;
    SLUICE_CHECK(*consumed <= buffer_.size());
    buffer_.erase(0, *consumed);
    SLUICE_CHECK(splitter_.wanted() == 0 || splitter_.wanted() > buffer_.size());
    return true;
  }

  Recorder recorder;

 private:
  Splitter splitter_;
  std::string buffer_;
};

// A server's view does not depend on how the bytes came. A client's may, a little: what follows a
// doubtful packet is looked at only when it is there.
void check_stream(base::Bytes input, Peer peer, std::uint8_t seed) {
  bool expects = (seed & 1U) != 0;
  fuzz::Pieces pieces(seed);
  Stream whole(peer, expects);
  bool whole_ok = whole.feed(input);
  Stream cut(peer, expects);
  bool cut_ok = true;
  while (cut_ok && !input.empty())
    cut_ok = cut.feed(pieces.next(input));
  if (peer == Peer::Server) return;
  SLUICE_CHECK(whole_ok == cut_ok);
  SLUICE_CHECK(whole.recorder.log == cut.recorder.log);
  SLUICE_CHECK(whole.recorder.skipped == 0);
}

// Requests that we make of anything are requests.
void check_writer(std::string_view text) {
  std::string_view name = wire::take_until(text, '\n');
  std::string_view uri = wire::take_until(text, '\n');
  const Field fields[] = {{"X", name}};
  std::string request = make_request("PLAY", "x" + std::string(uri), 1, fields, text);
  bool has_blank = uri.contains(' ') || uri.contains('\t');
  bool is_long = name.size() > 8000 || uri.size() > 8000;
  if (has_blank || is_long) return;
  Stream stream(Peer::Client, false);
  SLUICE_CHECK(stream.feed(base::as_bytes(request)));
  SLUICE_CHECK(stream.recorder.log.size() == 1);
  SLUICE_CHECK(stream.recorder.log[0].ends_with('\n' + std::string(text)));
}

void check_urls(std::string_view text) {
  auto asked = Url::parse(wire::take_until(text, '\n'));
  if (!asked) return;
  std::string uri = asked->request_uri();
  auto again = Url::parse(uri);
  SLUICE_CHECK(uri.size() > Url::kMaxLength || (again && again->host == asked->host));
  if (again) {
    SLUICE_CHECK(again->port == asked->port && again->target == asked->target);
    SLUICE_CHECK(!again->has_credentials && again->request_uri() == uri);
  }
  bool is_telling = asked->password.size() > 5 && !uri.contains(asked->password);
  if (is_telling) SLUICE_CHECK(!asked->redacted().contains(asked->password));
  std::string_view control = wire::take_until(text, '\n');
  std::string base = base_url(*asked, {wire::take_until(text, '\n'), text, text});
  Url origin = *asked;
  origin.target.clear();
  SLUICE_CHECK(base.starts_with(origin.request_uri()) && !has_control(base));
  std::vector<std::string> urls = control_urls(*asked, base, control);
  SLUICE_CHECK(!urls.empty() && urls.size() <= 3);
  for (const std::string &url : urls)
    SLUICE_CHECK(url.starts_with(origin.request_uri()) && !has_control(url));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  std::uint8_t mode = fuzz::take_byte(input);
  switch (mode % 5) {
    case 0:
      check_stream(input, Peer::Server, mode / 5);
      break;
    case 1:
      check_stream(input, Peer::Client, mode / 5);
      break;
    case 2:
      check_value(base::as_text(input));
      break;
    case 3:
      check_urls(base::as_text(input));
      break;
    default:
      check_writer(base::as_text(input));
      break;
  }
  return 0;
}
