// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/rtsp_probe.h"

#include <algorithm>

#include "ingest/rtsp/probe_redact.h"

namespace sluice::ingest::rtsp {
namespace {

constexpr std::size_t kRtpHeader = 12;
// Enough for the headers of every payload format, and too little of a picture to see anything.
constexpr std::size_t kPayloadHead = 8;
constexpr std::size_t kMaxSetBytes = 512;

double seconds(media::Ticks time) { return static_cast<double>(time.count()) / 90'000; }

void note_once(std::vector<std::string> &list, const char *what) {
  if (std::ranges::find(list, what) == list.end()) list.emplace_back(what);
}

// Parameter sets are kept whole: they say what the decoder is told, and show nothing.
bool is_parameter_set(media::Codec codec, std::byte first) {
  auto value = std::to_integer<unsigned>(first);
  if (codec == media::Codec::H264) return (value & 0x1f) == 7 || (value & 0x1f) == 8;
  return codec == media::Codec::H265 && (value >> 1 & 0x3f) >= 32 && (value >> 1 & 0x3f) <= 34;
}

const char *login_name(const wire::rtsp::Challenge &challenge) {
  if (challenge.scheme == wire::rtsp::Scheme::Basic) return "Basic";
  switch (challenge.algorithm) {
    case wire::rtsp::Algorithm::Md5:
      return "Digest MD5";
    case wire::rtsp::Algorithm::Md5Sess:
      return "Digest MD5-sess";
    case wire::rtsp::Algorithm::Sha256:
      return "Digest SHA-256";
    case wire::rtsp::Algorithm::Sha256Sess:
      return "Digest SHA-256-sess";
  }
  return "";
}

}  // namespace

RtspProbe::RtspProbe(ClientContext context, ClientSettings settings, base::Millis duration,
                     std::function<void()> on_done)
    : host_(settings.url.host),
      duration_(duration),
      on_done_(std::move(on_done)),
      time_is_over_(context.loop,
                    [this] {
                      report_.timed_out = true;
                      finish();
                    }),
      client_(context, std::move(settings), *this) {}

RtspProbe::~RtspProbe() = default;

void RtspProbe::start() {
  started_ = base::mono_now();
  client_.start();
}

void RtspProbe::on_playing() {
  report_.worked = true;
  report_.first_media_ms =
      std::chrono::duration_cast<base::Millis>(base::mono_now() - started_).count();
  time_is_over_.start(duration_);
}

void RtspProbe::on_client_end(const stream::PullEnd &end) {
  report_.end = end;
  finish();
}

void RtspProbe::finish() {
  if (std::exchange(done_, true)) return;
  time_is_over_.stop();
  on_done_();
}

void RtspProbe::on_track(const media::Track &track) {
  ProbedTrack &of = seen(media::kind_of(track.codec)).track;
  of.track = track;
  of.found = true;
  ++of.configurations;
}

void RtspProbe::on_frame(media::Frame &&frame) {
  Seen &of = seen(frame.kind());
  ProbedTrack &track = of.track;
  if (!std::exchange(of.started, true)) of.first = frame.dts;
  of.last = frame.dts;
  track.bytes += frame.payload.size;
  track.reorders = track.reorders || frame.composition_offset.count() != 0;
  track.has_wall_clock = track.has_wall_clock || frame.wall_us != 0;
  if (!frame.key || frame.kind() == media::Kind::Audio) return;
  if (of.key_seen) {
    double interval = seconds(frame.dts - of.last_key);
    double shortest = track.shortest_key_interval;
    track.longest_key_interval = std::max(track.longest_key_interval, interval);
    track.shortest_key_interval = shortest == 0 ? interval : std::min(shortest, interval);
  }
  of.key_seen = true;
  of.last_key = frame.dts;
}

void RtspProbe::on_ignored(const char *what) { note_once(report_.ignored, what); }
void RtspProbe::on_quirk(const char *what) { note_once(report_.quirks, what); }

void RtspProbe::on_sent(std::string_view text) {
  if (report_.dialogue.size() < kMaxMessages) {
    report_.dialogue.push_back(shareable_request(text, host_));
  }
}

void RtspProbe::on_received(const wire::rtsp::Message &message) {
  if (auto methods = message.find("Public")) report_.methods = std::string(*methods);
  if (report_.dialogue.size() < kMaxMessages) {
    report_.dialogue.push_back(shareable_message(message, host_));
  }
}

void RtspProbe::on_rtp_seen(std::size_t track, base::Bytes packet) {
  if (report_.packets.size() >= kMaxPackets || packet.size() < kRtpHeader) return;
  base::MonoTime now = base::mono_now();
  if (report_.packets.empty()) first_packet_ = now;
  std::size_t kept = std::min(packet.size(), kRtpHeader + kPayloadHead);
  media::Codec codec = client_.media().receiver(track).codec();
  bool whole = packet.size() > kRtpHeader && packet.size() <= kMaxSetBytes &&
               is_parameter_set(codec, packet[kRtpHeader]);
  if (whole) kept = packet.size();
  report_.packets.push_back(
      {.track = track,
       .us = std::chrono::duration_cast<base::Micros>(now - first_packet_).count(),
       .size = static_cast<std::uint32_t>(packet.size()),
       .head = std::string(base::as_text(packet.first(kept)))});
}

ProbeReport RtspProbe::report() const {
  ProbeReport report = report_;
  report.way = client_.way();
  if (client_.peer().family() != 0) report.peer = client_.peer().to_string();
  report.server = client_.server();
  report.keep_alive = std::string(client_.keep_alive().name());
  report.session_timeout_s = client_.session_timeout().count();
  const auto &login = client_.login();
  report.authentication = login.has_challenge() ? login_name(login.challenge()) : "none";
  if (!client_.has_media()) return report;
  for (std::size_t i = 0; i < client_.media().size(); ++i) {
    const RtpReceiver &receiver = client_.media().receiver(i);
    const Seen &of = seen_[static_cast<std::size_t>(media::kind_of(receiver.codec()))];
    ProbedTrack track = of.track;
    const wire::sdp::Media &media = client_.media().media(i);
    const wire::sdp::Format &format = receiver.format();
    track.kind = media.kind;
    track.encoding = format.encoding;
    track.payload_type = format.payload_type;
    track.clock_rate = format.clock_rate;
    track.described_sets = !format.parameter("sprop-parameter-sets").empty() ||
                           !format.parameter("sprop-sps").empty() ||
                           !format.parameter("config").empty();
    track.seconds = seconds(of.last - of.first);
    track.facts = receiver.facts();
    if (!track.found) track.track.codec = receiver.codec();
    report.tracks.push_back(std::move(track));
  }
  return report;
}

}  // namespace sluice::ingest::rtsp
