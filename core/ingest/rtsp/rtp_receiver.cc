// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/rtp_receiver.h"

#include <array>
#include <utility>

#include "base/hash.h"

namespace sluice::ingest::rtsp {
namespace {

// A camera that sends another payload type than it described is believed after so many packets of
// that type alone.
constexpr unsigned kForeignBelieved = 8;
// What we call ourselves in reports. It names no host, because it goes to whoever the camera is.
constexpr std::string_view kCname = "sluice";

std::uint32_t random_ssrc() {
  std::array<std::byte, 4> bytes{};
  base::random_bytes(bytes);
  return base::ByteReader(bytes).u32();
}

}  // namespace

RtpReceiver::RtpReceiver(MediaContext context, MediaEvents &events)
    : context_(context), events_(events), own_ssrc_(random_ssrc()) {}

base::Result<std::unique_ptr<RtpReceiver>> RtpReceiver::make(Description description,
                                                             MediaContext context,
                                                             mux::RtpSession &clock,
                                                             MediaEvents &events,
                                                             const ReceiverOptions &options) {
  std::unique_ptr<RtpReceiver> made(new RtpReceiver(context, events));
  mux::DepacketizerOptions how{.damaged = options.damaged};
  auto depacketizer =
      mux::make_depacketizer(description.media, description.format, context.buffers, *made, how);
  if (!depacketizer) return base::fail(depacketizer.error());
  made->depacketizer_ = std::move(*depacketizer);
  std::uint32_t clock_rate = made->depacketizer_->clock_rate();
  made->clock_.emplace(clock, media::kind_of(made->codec()), clock_rate);
  made->statistics_.emplace(clock_rate);
  made->format_ = description.format;
  made->payload_type_ = description.format.payload_type;
  made->make_reorder({.wait_us = options.reorder_wait_us});
  return made;
}

void RtpReceiver::secure(std::unique_ptr<Srtp> inbound, std::unique_ptr<Srtp> outbound) {
  inbound_ = std::move(inbound);
  outbound_ = std::move(outbound);
}

void RtpReceiver::set_in_order() { make_reorder({.packets = 0, .wait_us = 0}); }

void RtpReceiver::make_reorder(mux::RtpReorder::Limits limits) {
  mux::RtpReorderSink &sink = *this;
  reorder_ = std::make_unique<mux::RtpReorder>(limits, context_.buffers, sink);
  counted_lost_ = 0;
  counted_copied_ = depacketizer_->copied_bytes();
}

bool RtpReceiver::take_rtp(base::MutableBytes packet, const mux::RtpArrival &arrival) {
  if (inbound_) {
    auto plain = inbound_->unprotect_rtp(packet);
    if (!plain) return count_bad();
    packet = *plain;
  }
  auto parsed = wire::rtp::parse(packet);
  if (!parsed) return count_bad();
  if (!belongs(*parsed)) {
    pass_over(*parsed, arrival);
    return count_bad();
  }
  ++facts_.packets;
  context_.metrics.packets.add();
  if (!source_known_ || parsed->ssrc != source_) follow_source(parsed->ssrc);
  statistics_->on_packet(*parsed, arrival.mono_us);
  reorder_->push(*parsed, arrival);
  count_new();
  return true;
}

// Whether the packet is of the described format. A description may be wrong: then what comes in its
// place, and nothing else does, is taken for it.
bool RtpReceiver::belongs(const wire::rtp::Packet &packet) {
  if (packet.payload_type == payload_type_) {
    payload_type_seen_ = true;
    return true;
  }
  if (payload_type_seen_) return false;
  bool same = foreign_in_a_row_ > 0 && packet.payload_type == foreign_type_;
  foreign_in_a_row_ = same ? foreign_in_a_row_ + 1 : 1;
  foreign_type_ = packet.payload_type;
  if (foreign_in_a_row_ < kForeignBelieved) return false;
  payload_type_ = packet.payload_type;
  payload_type_seen_ = true;
  events_.on_quirk("the payload type is not the described one");
  return true;
}

// What is of another format takes a sequence number all the same, which is not to be missed.
void RtpReceiver::pass_over(const wire::rtp::Packet &packet, const mux::RtpArrival &arrival) {
  if (!source_known_ || packet.ssrc != source_) return;
  statistics_->on_packet(packet, arrival.mono_us);
  reorder_->push(packet, arrival);
}

void RtpReceiver::follow_source(std::uint32_t ssrc) {
  if (source_known_) {
    ++facts_.source_changes;
    facts_.said_goodbye = false;
    events_.on_quirk("the SSRC changes without notice");
    reorder_->flush();
    reorder_->restart();
    clock_->restart();
  }
  source_known_ = true;
  source_ = ssrc;
}

bool RtpReceiver::count_bad() {
  ++facts_.bad;
  context_.metrics.packets_bad.add();
  return false;
}

void RtpReceiver::count_new() {
  if (std::uint64_t lost = reorder_->lost(); lost != counted_lost_) {
    context_.metrics.packets_lost.add(lost - counted_lost_);
    counted_lost_ = lost;
  }
  std::uint64_t copied = depacketizer_->copied_bytes() + reorder_->copied_bytes();
  context_.stream_metrics.copied_ingest_bytes.add(copied - counted_copied_);
  counted_copied_ = copied;
}

void RtpReceiver::take_rtcp(base::MutableBytes packet, const mux::RtpArrival &arrival) {
  if (inbound_) {
    auto plain = inbound_->unprotect_rtcp(packet);
    if (!plain) return void(count_bad());
    packet = *plain;
  }
  arrival_ = arrival;
  if (!wire::rtcp::parse(packet, *this)) count_bad();
}

void RtpReceiver::on_sender_report(const wire::rtcp::SenderReport &report) {
  // Some cameras report under another SSRC than they send with, so it is not looked at.
  ++facts_.sender_reports;
  statistics_->on_sender_report(report.ntp, arrival_.mono_us);
  clock_->on_sender_report(report.ntp, report.rtp_timestamp, arrival_);
}

void RtpReceiver::on_bye(std::uint32_t ssrc, std::string_view) {
  if (source_known_ && ssrc == source_) facts_.said_goodbye = true;
}

void RtpReceiver::expire(std::int64_t mono_us) {
  reorder_->expire(mono_us);
  count_new();
}

void RtpReceiver::flush() {
  reorder_->flush();
  depacketizer_->flush();
  count_new();
}

void RtpReceiver::on_packet(const wire::rtp::Packet &packet, const mux::RtpArrival &arrival,
                            bool after_loss) {
  arrival_ = arrival;
  loss_before_ = loss_before_ || after_loss;
  if (packet.payload_type != payload_type_) return;  // see pass_over()
  depacketizer_->push(packet, std::exchange(loss_before_, false));
}

void RtpReceiver::on_track(const media::Track &track) {
  order_.set_track(track);
  events_.on_track(track);
}

void RtpReceiver::on_frame(media::Frame &&frame, std::uint32_t rtp_timestamp) {
  ++facts_.frames;
  if (frame.key) ++facts_.key_frames;
  clock_->place(frame, rtp_timestamp, arrival_);
  order_.place(frame);
  events_.on_frame(std::move(frame));
}

void RtpReceiver::on_damage(mux::Damage) {
  ++facts_.damaged;
  context_.metrics.frames_damaged.add();
}

std::string RtpReceiver::make_report(std::int64_t mono_us) {
  if (!statistics_->started()) return {};
  mux::RtpReception seen = statistics_->report(mono_us);
  wire::rtcp::ReportBlock block{.ssrc = seen.ssrc,
                                .fraction_lost = seen.fraction_lost,
                                .total_lost = seen.cumulative_lost,
                                .highest_sequence = seen.highest_sequence,
                                .jitter = seen.jitter,
                                .last_report = seen.last_sender_report,
                                .delay_since_last = seen.delay_since};
  std::string report = wire::rtcp::make_receiver_report(own_ssrc_, std::span(&block, 1), kCname);
  if (outbound_ && !outbound_->protect_rtcp(report)) return {};
  return report;
}

ReceiverFacts RtpReceiver::facts() const {
  ReceiverFacts facts = facts_;
  facts.lost = reorder_->lost();
  facts.reordered = reorder_->reordered();
  facts.late = reorder_->late();
  facts.wild_reports = clock_->wild_reports();
  facts.clock_corrections = clock_->corrections();
  return facts;
}

}  // namespace sluice::ingest::rtsp
