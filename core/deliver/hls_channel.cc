// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_channel.h"

#include <algorithm>
#include <utility>

#include "deliver/hls_delivery.h"
#include "deliver/hls_playlist.h"
#include "deliver/protocol.h"
#include "deliver/waiting.h"
#include "http/ranges.h"

namespace sluice::deliver {
namespace {

constexpr const char *kPlaylistType = "application/vnd.apple.mpegurl";
// Files never change under their names.
constexpr const char *kForever = "public, max-age=3600, immutable";
constexpr std::size_t kRetired = 3;
// How long a request is held, in target durations.
constexpr int kHoldTargets = 3;

class RangeBody final : public http::Body {
 public:
  explicit RangeBody(tape::Range range) : range_(std::move(range)) {}
  [[nodiscard]] std::uint64_t size() const override { return range_.size(); }
  std::size_t gather(std::uint64_t offset, std::uint64_t length,
                     std::span<iovec> pieces) const override {
    return range_.gather(offset, length, pieces);
  }

 private:
  tape::Range range_;
};

}  // namespace

HlsChannel::HlsChannel(HlsDelivery &delivery, const Key &key)
    : delivery_(delivery),
      main_(key.main),
      name_(key.name),
      format_(key.format),
      renditions_(
          delivery.shelf(), delivery.shared().measured, format_, main_,
          [this](const std::string &name) { delivery_.channel({main_, name, format_}).expect(); }),
      entry_(delivery.shelf().find(name_)) {
  delivery_.shelf().watch(name_, *this);
  subscribe();
  refresh();
}

HlsChannel::~HlsChannel() {
  unsubscribe();
  delivery_.shelf().unwatch(name_, *this);
}

// --- The stream comes and goes ---

void HlsChannel::on_entry(const std::shared_ptr<const stream::StreamEntry> &entry) {
  entry_ = entry;
  if (entry_ && entry_->live) subscribe();
  refresh();
  answer_waiting();
}

void HlsChannel::subscribe() {
  if (!entry_ || !entry_->live) return;
  if (subscribed_ && subscribed_->epoch == entry_->epoch) return;
  unsubscribe();
  subscribed_ = entry_;
  subscriber_ = delivery_.shelf().wake_list().subscribe([this] {
    refresh();
    answer_waiting();
  });
  delivery_.shelf().subscribe_segments(*entry_, format_, subscriber_);
}

void HlsChannel::unsubscribe() {
  if (!subscriber_) return;
  subscriber_->silence();
  delivery_.shelf().unsubscribe_segments(*subscribed_, format_,
                                         std::exchange(subscriber_, nullptr));
}

void HlsChannel::refresh() {
  auto log = entry_ ? entry_->segments[index(format_)] : nullptr;
  auto before = std::exchange(list_, log ? log->read() : nullptr);
  if (log == log_) {
    if (list_) retire(*before);
    return;
  }
  run_ = log ? delivery_.shared().runs.name(log) : std::string();
  log_ = std::move(log);
  rendered_ = {};
  retired_.clear();
}

void HlsChannel::retire(const stream::SegmentList &before) {
  if (list_->segments.empty()) return retired_.clear();
  for (const auto &segment : before.segments) {
    bool is_new = retired_.empty() || retired_.back()->number < segment->number;
    if (is_new && segment->number < list_->segments.front()->number) retired_.push_back(segment);
  }
  while (retired_.size() > kRetired)
    retired_.pop_front();
}

bool HlsChannel::has_begun() const { return list_ && list_->segments.size() >= kLeastSegments; }

bool HlsChannel::waits_for_stream(const HlsRequest &request) const {
  const bool is_live = entry_ && entry_->live && !list_->ended;
  return !has_begun() || (request.file.kind == HlsFile::Kind::Master && !is_live);
}

bool HlsChannel::has_nothing() const {
  return entry_ && entry_->live && entry_->has_nothing_for(format_);
}

// --- Requests ---

void HlsChannel::admit(HlsRequest request) {
  last_request_ = base::mono_now();
  refresh();
  if (!try_answer(request)) wait(std::move(request));
}

void HlsChannel::wait(HlsRequest request) {
  request.place = delivery_.hold(request);
  if (!request.place) {
    return request.exchange->respond_error(429, "too_many_held",
                                           "too many requests of this client are held already",
                                           {{"Retry-After", "1"}});
  }
  http::Exchange &exchange = *request.exchange;
  exchange.on_abort([this, &exchange] { forget(exchange); });
  waiting_.push_back(std::move(request));
}

void HlsChannel::forget(http::Exchange &exchange) {
  std::erase_if(waiting_, [&](const HlsRequest &r) { return r.exchange.get() == &exchange; });
}

void HlsChannel::answer_waiting() {
  // An answer may bring the connection's next request here.
  for (HlsRequest &request : std::exchange(waiting_, {})) {
    if (!try_answer(request)) waiting_.push_back(std::move(request));
  }
}

bool HlsChannel::try_answer(HlsRequest &request) {
  switch (request.file.kind) {
    case HlsFile::Kind::Master:
      return try_master(request, false);
    case HlsFile::Kind::Playlist:
      return has_begun() && try_playlist(request);
    case HlsFile::Kind::Init:
    case HlsFile::Kind::Segment:
    case HlsFile::Kind::Part:
      return try_file(request);
  }
  return true;
}

// The main stream is waited for as any request waits, or for as long as a camera may take to start
// when something else can be shown; the first segments of others for as long as they take to be
// made, if they come at all.
bool HlsChannel::try_master(HlsRequest &request, bool is_last_chance) {
  auto survey = renditions_.survey();
  if (survey.variants.empty()) return false;
  const auto &config = *delivery_.shelf().config();
  const auto waited = base::mono_now() - request.since;
  const auto first_list = config.stream.unknown_wait + kLeastSegments * config.hls.segment;
  const bool may_wait_on = survey.has_main ? !survey.is_complete && waited < first_list
                                           : waited < config.source_settings(main_).start_timeout;
  if (may_wait_on && !is_last_chance) return false;
  answer_master(request, std::move(survey));
  return true;
}

void HlsChannel::answer_master(HlsRequest &request, HlsRenditions::Survey survey) {
  auto &exchange = *request.exchange;
  http::Response response;
  response.content_type = kPlaylistType;
  const std::string folder = delivery_.introduce(request, response);
  // What is listed but not live has no figures yet.
  const auto &counted = entry_ ? entry_ : survey.entry;
  if (counted && !delivery_.enter(request, *counted)) return;
  for (HlsVariant &variant : survey.variants)
    variant.uri.insert(0, folder);
  http::CodedText text(write_master_playlist(std::move(survey.variants)));
  text.answer(exchange.request(), response);
  delivery_.respond(request, counted.get(), std::move(response));
}

bool HlsChannel::try_playlist(HlsRequest &request) {
  auto &exchange = *request.exchange;
  switch (judge(request.directives, *list_, lists_parts())) {
    case HlsDemand::Soon:
      return false;
    case HlsDemand::Never:
      exchange.respond_error(400, "bad_directive", "the playlist is not that far yet");
      return true;
    case HlsDemand::Met:
      break;
  }
  if (!delivery_.enter(request, *entry_)) return true;
  http::Response response;
  response.content_type = kPlaylistType;
  const bool is_own = !request.session_name.empty() && !request.by_cookie;
  const std::string caching =
      is_own ? "private, no-cache" : shared_caching(request.directives, list_->target);
  response.headers.push_back({"Cache-Control", caching});
  playlist(request.directives.skip).answer(exchange.request(), response);
  delivery_.respond(request, entry_.get(), std::move(response));
  return true;
}

bool HlsChannel::try_file(HlsRequest &request) {
  const HlsFile &file = request.file;
  auto refuse = [&] {
    request.exchange->respond_error(404, "not_found", "there is no such segment any more, or yet");
    return true;
  };
  if (!list_ || file.run != run_) return refuse();
  if (file.kind == HlsFile::Kind::Init) {
    auto init = find_init(file.number);
    if (!init) return refuse();
    std::shared_ptr<const std::string> bytes(init, &init->bytes);
    answer_bytes(request, std::make_shared<http::TextBody>(std::move(bytes)), true);
    return true;
  }
  const stream::Segment *segment = find_segment(file.number);
  if (file.kind == HlsFile::Kind::Segment) {
    if (segment == nullptr || segment == list_->open.get()) return refuse();
    answer_bytes(request, std::make_shared<RangeBody>(segment->range), false);
    return true;
  }
  if (segment != nullptr && file.part < segment->parts.size()) {
    answer_bytes(request, std::make_shared<RangeBody>(segment->parts[file.part].range), false);
    return true;
  }
  // The part that was hinted at is worth waiting for.
  std::size_t next = list_->open ? list_->open->parts.size() : 0;
  bool is_next = file.number == list_->next_number && file.part == next;
  if (is_next && !list_->ended && lists_parts()) return false;
  return refuse();
}

void HlsChannel::answer_bytes(HlsRequest &request, std::shared_ptr<const http::Body> body,
                              bool init) {
  if (!delivery_.enter(request, *entry_)) return;
  auto &exchange = *request.exchange;
  http::Response response;
  response.content_type = media_format(init ? stream::Format::Fmp4 : format_).content_type;
  response.stored = http::BodyRange::whole(std::move(body));
  http::answer_as_asked(exchange.request(), "\"" + to_string(request.file) + "\"", response);
  // A refused range is the request's fault, and no cache shall keep it in the file's place.
  response.headers.push_back({"Cache-Control", response.status == 416 ? "no-store" : kForever});
  delivery_.respond(request, entry_.get(), std::move(response));
}

const stream::Segment *HlsChannel::find_segment(std::uint64_t number) const {
  if (list_->open && list_->open->number == number) return list_->open.get();
  for (const auto &segment : list_->segments) {
    if (segment->number == number) return segment.get();
  }
  for (const auto &segment : retired_) {
    if (segment->number == number) return segment.get();
  }
  return nullptr;
}

std::shared_ptr<const stream::Init> HlsChannel::find_init(std::uint64_t number) const {
  auto is_it = [&](const auto &segment) {
    return segment && segment->init && segment->init->number == number;
  };
  if (is_it(list_->open)) return list_->open->init;
  for (const auto &segment : list_->segments) {
    if (is_it(segment)) return segment->init;
  }
  for (const auto &segment : retired_) {
    if (is_it(segment)) return segment->init;
  }
  return nullptr;
}

bool HlsChannel::lists_parts() const {
  return format_ == stream::Format::Fmp4 && delivery_.shelf().config()->hls.low_latency;
}

HlsChannel::Shown HlsChannel::shown() const {
  const auto &segments = list_->segments;
  return {.with_parts = lists_parts(),
          .version = lists_parts() ? list_->version : 0,
          .first = segments.empty() ? list_->next_number : segments.front()->number,
          .next = list_->next_number,
          .discontinuities = list_->discontinuities,
          .target = list_->target};
}

http::CodedText &HlsChannel::playlist(bool delta) {
  if (const Shown now = shown(); !rendered_.whole || rendered_.of != now) {
    rendered_ = {now, nullptr, nullptr};
    delivery_.shared().metrics.playlists_written.add();
    renditions_.keep_others(name_);
    const auto reports = renditions_.reports(name_);
    PlaylistOptions options{
        .format = format_, .run = run_, .low_latency = lists_parts(), .reports = reports};
    rendered_.whole = std::make_shared<http::CodedText>(write_media_playlist(*list_, options));
    std::string shorter =
        options.low_latency ? write_delta_playlist(*list_, options) : std::string();
    rendered_.delta =
        shorter.empty() ? rendered_.whole : std::make_shared<http::CodedText>(std::move(shorter));
  }
  return delta ? *rendered_.delta : *rendered_.whole;
}

// --- Those who wait ---

bool HlsChannel::may_wait(const HlsRequest &request, base::MonoTime now) const {
  const auto waited = now - request.since;
  if (!waits_for_stream(request)) return waited < kHoldTargets * list_->target;
  // A publisher may take its time for the first picture, and a segment takes its own.
  const stream::Shelf &shelf = delivery_.shelf();
  const auto &config = *shelf.config();
  const auto first_list = std::max(config.stream.unknown_wait, config.stream.viewer_grace) +
                          config.stream.track_wait + kLeastSegments * config.hls.segment_max;
  return waited < patience(shelf, name_, entry_.get(), request.since, first_list);
}

void HlsChannel::give_up(HlsRequest &request) {
  auto &exchange = *request.exchange;
  if (has_nothing()) return respond_no_track(exchange, media_format(format_));
  if (!waits_for_stream(request)) {
    return exchange.respond_unavailable("not_yet", "what was asked for did not come in time",
                                        std::chrono::seconds(1));
  }
  respond_absent(exchange, delivery_.shelf(), name_, entry_.get());
}

void HlsChannel::tick(base::MonoTime now) {
  for (HlsRequest &request : std::exchange(waiting_, {})) {
    if (!delivery_.keep(request)) continue;
    const bool may_wait_on = !has_nothing() && may_wait(request, now);
    // What it waits for may be another stream's.
    const bool is_master = request.file.kind == HlsFile::Kind::Master;
    if (is_master && try_master(request, !may_wait_on)) continue;
    if (may_wait_on) {
      waiting_.push_back(std::move(request));
    } else {
      give_up(request);
    }
  }
}

bool HlsChannel::is_idle(base::MonoTime now) const {
  if (!waiting_.empty()) return false;
  if (!entry_ && !delivery_.shelf().find_source(name_)) return true;
  return now - last_request_ > delivery_.shelf().config()->hls.session_timeout;
}

void HlsChannel::drain() {
  for (HlsRequest &request : std::exchange(waiting_, {}))
    request.exchange->respond_unavailable("draining", "the node is shutting down");
}

}  // namespace sluice::deliver
