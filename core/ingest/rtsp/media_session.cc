// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/media_session.h"

#include <algorithm>
#include <utility>

namespace sluice::ingest::rtsp {
namespace {

// RFC 3550, section 6.2 has 5 s as the shortest interval of a small session.
constexpr base::Millis kReportInterval{5'000};
// Waiting packets are looked after in steps of this.
constexpr std::int64_t kExpiryStepUs = 5'000;

std::int64_t micros(base::MonoTime time) {
  return std::chrono::duration_cast<base::Micros>(time.time_since_epoch()).count();
}

mux::RtpArrival arrival_at(base::MonoTime now) { return {micros(now), base::wall_us()}; }

// What the node can take, or 2 for what it cannot.
std::size_t kind_index(const wire::sdp::Media &media) {
  if (media.kind == "video") return 0;
  return media.kind == "audio" ? 1 : 2;
}

const char *ignored_media(std::size_t kind) {
  if (kind == 0) return "a second video track";
  return kind == 1 ? "a second audio track" : "a track that is neither video nor audio";
}

// The direction of a talk-back channel, which the node could send on (ONVIF Streaming
// Specification, section 5.3). Some devices mark what they send themselves so.
bool is_back_channel(const wire::sdp::Media &media) {
  return media.direction == wire::sdp::Direction::SendOnly;
}

}  // namespace

MediaSession::MediaSession(loop::Loop &loop, MediaContext context, MediaSessionEvents &events,
                           ReceiverOptions options)
    : context_(context),
      events_(events),
      options_(options),
      expiry_(loop, [this] { expire(); }),
      reports_(loop, [this] { report(); }) {}

MediaSession::~MediaSession() = default;

const wire::sdp::Media &MediaSession::media(std::size_t track) const {
  return tracks_[track].media;
}

base::Status MediaSession::open(const wire::sdp::Session &description) {
  std::array<bool, 3> taken{false, false, true};
  for (bool back_channels : {false, true}) {
    for (std::size_t i = 0; i < description.media.size(); ++i) {
      const auto &media = description.media[i];
      if (is_back_channel(media) != back_channels) continue;
      std::size_t kind = kind_index(media);
      if (taken[kind]) {
        events_.on_ignored(ignored_media(kind));
      } else if (auto receiver = make_receiver(media)) {
        taken[kind] = true;
        tracks_.push_back({media, std::move(receiver), i});
      }
    }
  }
  std::ranges::sort(tracks_, {}, [](const Track &track) { return track.place; });
  if (!tracks_.empty()) return {};
  return base::fail(base::Domain::Rtsp, base::Code::Unsupported,
                    "there is no video or audio that the node knows");
}

std::unique_ptr<RtpReceiver> MediaSession::make_receiver(const wire::sdp::Media &media) {
  base::Error why{base::Domain::Rtsp, base::Code::Unsupported, 0, "a track without a format"};
  for (const auto &format : media.formats) {
    auto made = RtpReceiver::make({media, format}, context_, clock_, events_, options_);
    if (made) return std::move(*made);
    why = made.error();
  }
  events_.on_ignored(why.what);
  return nullptr;
}

void MediaSession::start() { reports_.start_repeating(kReportInterval); }

bool MediaSession::take_rtp(std::size_t track, base::MutableBytes packet) {
  if (wire::rtp::looks_like_rtcp(packet)) {
    take_rtcp(track, packet);
    return false;
  }
  base::MonoTime now = base::mono_now();
  bool good = tracks_[track].receiver->take_rtp(packet, arrival_at(now));
  if (good) {
    last_packet_ = now;
    has_packets_ = true;
  }
  arm_expiry();
  return good;
}

void MediaSession::take_rtcp(std::size_t track, base::MutableBytes packet) {
  tracks_[track].receiver->take_rtcp(packet, arrival_at(base::mono_now()));
}

void MediaSession::arm_expiry() {
  if (expiry_.active()) return;
  std::int64_t first = -1;
  for (const Track &track : tracks_) {
    std::int64_t deadline = track.receiver->deadline_us();
    if (deadline >= 0 && (first < 0 || deadline < first)) first = deadline;
  }
  if (first < 0) return;
  std::int64_t left = std::max(first - micros(base::mono_now()), kExpiryStepUs);
  expiry_.start(base::Millis(left / 1000 + 1));
}

void MediaSession::expire() {
  std::int64_t now = micros(base::mono_now());
  for (Track &track : tracks_)
    track.receiver->expire(now);
  arm_expiry();
}

void MediaSession::report() {
  std::int64_t now = micros(base::mono_now());
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    std::string packet = tracks_[i].receiver->make_report(now);
    if (!packet.empty()) events_.send_report(i, packet);
  }
}

void MediaSession::flush() {
  for (Track &track : tracks_)
    track.receiver->flush();
}

bool MediaSession::said_goodbye() const {
  bool any = false;
  for (const Track &track : tracks_) {
    ReceiverFacts facts = track.receiver->facts();
    if (facts.packets > 0 && !facts.said_goodbye) return false;
    any = any || facts.said_goodbye;
  }
  return any;
}

ReceiverFacts MediaSession::facts() const {
  ReceiverFacts sum;
  for (const Track &track : tracks_) {
    ReceiverFacts one = track.receiver->facts();
    sum.packets += one.packets;
    sum.lost += one.lost;
    sum.reordered += one.reordered;
    sum.late += one.late;
    sum.bad += one.bad;
    sum.damaged += one.damaged;
    sum.frames += one.frames;
    sum.key_frames += one.key_frames;
    sum.sender_reports += one.sender_reports;
    sum.wild_reports += one.wild_reports;
    sum.clock_corrections += one.clock_corrections;
    sum.source_changes += one.source_changes;
  }
  return sum;
}

}  // namespace sluice::ingest::rtsp
