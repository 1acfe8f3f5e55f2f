// SPDX-License-Identifier: Apache-2.0
// What the client says and is answered, up to the description; authentication, redirects, and signs
// of life.
#include <algorithm>
#include <charconv>
#include <utility>

#include "base/log.h"
#include "base/utf8.h"
#include "ingest/rtsp/rtsp_client.h"

namespace sluice::ingest::rtsp {
namespace {

using base::Code;
using base::Domain;
using stream::PullEndReason;
using wire::rtsp::Message;
using wire::rtsp::Method;

constexpr const char *kUserAgent = "Sluice/" SLUICE_VERSION;
constexpr unsigned kMaxRedirects = 5;
constexpr unsigned kMaxLogins = 4;  // of one request: a new nonce, another algorithm
constexpr std::size_t kMaxServerName = 128;

base::Error failure(Code code, const char *what) { return {Domain::Rtsp, code, 0, what}; }

// What a camera calls itself, fit to be shown.
std::string printable(std::string_view text) {
  std::string shown;
  text = text.substr(0, kMaxServerName);
  while (!text.empty()) {
    std::size_t length = base::utf8_length(text);
    bool good = length > 0 && !base::is_utf8_control(text.substr(0, length));
    if (good) shown.append(text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return shown;
}

}  // namespace

void RtspClient::ask(Method method, std::string uri, Fields fields) {
  pending_ = {.method = method, .uri = std::move(uri), .fields = std::move(fields)};
  send_pending();
}

void RtspClient::send_pending() {
  pending_.cseq = ++last_cseq_;
  std::string request = make_request(wire::rtsp::method_name(pending_.method), pending_.uri,
                                     pending_.fields, pending_.cseq);
  events_.on_sent(request);
  if (auto sent = link_->send(request); !sent) on_link_lost(sent.error());
}

std::string RtspClient::make_request(std::string_view method, const std::string &uri,
                                     const Fields &fields, std::uint32_t cseq) {
  std::string authorization = authenticator_.authorize(method, uri);
  // Some cameras answer 401 to whoever does not say what it is.
  std::vector<wire::rtsp::Field> all{{"User-Agent", kUserAgent}};
  if (!session_.id.empty()) all.push_back({"Session", session_.id});
  if (!authorization.empty()) all.push_back({"Authorization", authorization});
  for (const auto &[name, value] : fields)
    all.push_back({name, value});
  return wire::rtsp::make_request(method, uri, cseq, all);
}

void RtspClient::on_message(const Message &message) {
  events_.on_received(message);
  if (message.is_request) return answer_request(message);
  if (auto name = message.find("Server"); name && server_.empty()) server_ = printable(*name);
  auto cseq = message.cseq();
  if (!cseq) events_.on_quirk("answers without CSeq");
  bool waits = stage_ == Stage::Asking || stage_ == Stage::Describing ||
               stage_ == Stage::SettingUp || stage_ == Stage::Starting;
  bool alive = cseq ? cseq == keep_alive_cseq_ : !waits;
  if (keep_alive_cseq_ != 0 && alive) return take_keep_alive(message);
  // Without a number it is the answer to the only request that has none yet.
  if (!waits || (cseq && *cseq != pending_.cseq)) return;
  if (message.status < 200) return;
  if (message.status == 401) return take_unauthorized(message);
  if (authenticator_.has_challenge()) authenticator_.on_accepted();
  if (message.status >= 300 && message.status < 400) return take_redirect(message);
  take_answer(message);
}

// Cameras ask little; whatever it is, they only want to hear something.
void RtspClient::answer_request(const Message &message) {
  auto method = wire::rtsp::method_of(message.method);
  auto cseq = message.find("CSeq").value_or("");
  bool known = method == Method::Options || method == Method::GetParameter ||
               method == Method::SetParameter || method == Method::Redirect ||
               method == Method::Announce;
  std::string answer = wire::rtsp::make_response(known ? 200 : 501, cseq, {});
  events_.on_sent(answer);
  if (auto sent = link_->send(answer); !sent) return on_link_lost(sent.error());
  if (method == Method::Redirect || method == Method::Teardown) {
    end(PullEndReason::CameraClosed, failure(Code::Closed, "the camera ended the session"));
  }
}

void RtspClient::take_answer(const Message &message) {
  switch (pending_.method) {
    case Method::Options:
      return take_options(message);
    case Method::Describe:
      return take_description(message);
    case Method::Setup:
      return take_setup(message);
    case Method::Play:
      return take_play(message);
    default:
      return;
  }
}

void RtspClient::take_unauthorized(const Message &message) {
  auto verdict = authenticator_.on_unauthorized(message.find_all("WWW-Authenticate"));
  if (verdict == wire::rtsp::Authenticator::Verdict::Retry && ++pending_.attempts <= kMaxLogins) {
    return send_pending();
  }
  bool unknown = verdict == wire::rtsp::Authenticator::Verdict::Unsupported;
  end(PullEndReason::Unauthorized,
      unknown ? failure(Code::Unsupported, "the camera asks for a login that the node cannot do")
              : failure(Code::Refused, "the camera does not accept the user name and password"),
      /*permanent=*/true);
}

// The credentials go along only as far as the host that they were configured for.
void RtspClient::take_redirect(const Message &message) {
  auto target = wire::rtsp::Url::parse(message.find("Location").value_or(""));
  if (!target || ++redirects_ > kMaxRedirects) {
    return end(PullEndReason::Malformed,
               target ? failure(Code::TooLarge, "the camera redirects in circles")
                      : failure(Code::Malformed, "the camera redirects to nowhere"));
  }
  if (settings_.url.secure && !target->secure) {
    return end(PullEndReason::Forbidden,
               failure(Code::Refused, "the camera redirects from rtsps to rtsp"),
               /*permanent=*/true);
  }
  hang_up();
  if (!target->has_credentials && target->host == settings_.url.host) {
    target->has_credentials = settings_.url.has_credentials;
    target->user = settings_.url.user;
    target->password = settings_.url.password;
  }
  settings_.url = std::move(*target);
  authenticator_ = wire::rtsp::Authenticator({settings_.url.user, settings_.url.password});
  dial();
}

// Whatever is said to OPTIONS, only DESCRIBE tells whether there is something to play.
void RtspClient::take_options(const Message &message) {
  if (message.status < 300) keep_alive_.learn_public(message.find("Public").value_or(""));
  describe();
}

void RtspClient::describe() {
  stage_ = Stage::Describing;
  ask(Method::Describe, settings_.url.request_uri(), {{"Accept", "application/sdp"}});
}

void RtspClient::take_description(const Message &message) {
  if (message.status >= 400) return fail_with_status(message.status);
  auto parsed = wire::sdp::parse(message.body);
  if (!parsed) return end(PullEndReason::Malformed, parsed.error());
  description_ = std::move(*parsed);
  if (!message.find("Content-Type")) events_.on_quirk("a description without Content-Type");
  base_ = wire::rtsp::base_url(settings_.url,
                               {.session_control = description_.control,
                                .content_base = message.find("Content-Base").value_or(""),
                                .content_location = message.find("Content-Location").value_or("")});
  MediaSessionEvents &events = *this;
  media_ =
      std::make_unique<MediaSession>(context_.loop, context_.media, events, settings_.receiver);
  if (auto opened = media_->open(description_); !opened) {
    return end(PullEndReason::Unsupported, opened.error());
  }
  stage_ = Stage::Described;
  events_.on_described();
}

void RtspClient::fail_with_status(std::uint16_t status) {
  switch (status) {
    case 403:
      return end(PullEndReason::Forbidden, failure(Code::Refused, "the camera refuses (403)"),
                 true);
    case 404:
    case 410:
      return end(PullEndReason::NotFound,
                 failure(Code::NotFound, "the camera does not know the path (404)"), true);
    case 453:
    case 503:
      return end(PullEndReason::Busy, failure(Code::Busy, "the camera serves no more clients"));
    case 461:
      return end(PullEndReason::Unsupported,
                 failure(Code::Unsupported, "the camera takes none of the transports (461)"));
    default:
      return end(PullEndReason::Forbidden,
                 failure(Code::Refused, "the camera answered with an error"));
  }
}

// --- Signs of life ---

void RtspClient::send_keep_alive() {
  if (stage_ != Stage::Playing || keep_alive_.name().empty()) return;
  // One that was never answered is no reason to stop: media says whether the camera lives.
  keep_alive_cseq_ = ++last_cseq_;
  std::string request = make_request(keep_alive_.name(), base_, {}, keep_alive_cseq_);
  events_.on_sent(request);
  if (auto sent = link_->send(request); !sent) on_link_lost(sent.error());
}

void RtspClient::take_keep_alive(const Message &message) {
  keep_alive_cseq_ = 0;
  if (message.status == 401) {
    auto verdict = authenticator_.on_unauthorized(message.find_all("WWW-Authenticate"));
    if (verdict == wire::rtsp::Authenticator::Verdict::Retry) send_keep_alive();
    return;
  }
  if (authenticator_.has_challenge()) authenticator_.on_accepted();
  KeepAlive::Method before = keep_alive_.method();
  keep_alive_.answered(message.status);
  if (keep_alive_.method() != before) {
    events_.on_quirk("a keep-alive request is refused");
    send_keep_alive();
  }
}

}  // namespace sluice::ingest::rtsp
