// SPDX-License-Identifier: Apache-2.0
#include "deliver/audience.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "deliver/delivery.h"
#include "deliver/waiting.h"

namespace sluice::deliver {

Audience::Audience(Delivery &delivery, std::string name, stream::Format format)
    : delivery_(delivery),
      name_(std::move(name)),
      format_(format),
      entry_(delivery.shelf().find(name_)),
      self_(std::make_shared<Audience *>(this)) {
  shelf().watch(name_, *this);
  subscribe();
}

Audience::~Audience() {
  end_all("shutdown");
  unsubscribe();
  shelf().unwatch(name_, *this);
  *self_ = nullptr;
}

stream::Shelf &Audience::shelf() const { return delivery_.shelf(); }
base::MutableBytes Audience::read_buffer() const { return delivery_.read_buffer(); }

void Audience::admit(ViewerRequest request) {
  http::Exchange &exchange = *request.exchange;
  exchange.on_abort([this, &exchange] { forget_request(exchange); });
  waiting_.push_back({std::move(request), base::mono_now()});
  if (!view_) return;
  view_->refresh();
  start_waiting();
}

void Audience::forget_request(http::Exchange &exchange) {
  std::erase_if(waiting_, [&](const Waiting &w) { return w.request.exchange.get() == &exchange; });
}

// --- The stream comes and goes ---

void Audience::on_entry(const std::shared_ptr<const stream::StreamEntry> &entry) {
  entry_ = entry;
  if (!entry) return end_all("stream_ended");
  if (entry->live) subscribe();
}

void Audience::subscribe() {
  if (!entry_ || !entry_->live) return;
  if (subscribed_ && subscribed_->epoch == entry_->epoch) return;
  unsubscribe();
  subscribed_ = entry_;
  subscriber_ = shelf().wake_list().subscribe([this] { on_wake(); });
  auto on_view_here = [self = self_, epoch = entry_->epoch](tape::TapeView view) {
    if (*self != nullptr) (*self)->on_view(epoch, std::move(view));
  };
  shelf().subscribe(*entry_, format_, subscriber_, std::move(on_view_here));
}

void Audience::unsubscribe() {
  if (!subscriber_) return;
  subscriber_->silence();
  shelf().unsubscribe(*subscribed_, format_, std::exchange(subscriber_, nullptr));
}

void Audience::on_view(std::uint64_t epoch, tape::TapeView view) {
  if (!subscribed_ || subscribed_->epoch != epoch) return;
  if (view_) {
    flush_all();  // the last frames of the old tape
    // Whoever is still in a message from the tape before the last one is two publishers behind.
    for (auto &cohort : cohorts_) {
      for (std::size_t i = cohort.size(); i-- > 0;) {
        if (cohort[i]->expects_changeover() && !cohort[i]->at_boundary()) cohort[i]->end("slow");
      }
    }
    previous_ = std::move(view_);
    for (auto &cohort : cohorts_) {
      for (auto &viewer : cohort)
        viewer->expect_changeover();
    }
  }
  view_ = std::move(view);
  view_epoch_ = epoch;
  start_waiting();
  flush_all();
}

void Audience::on_wake() {
  if (!view_) return;
  view_->refresh();
  if (!waiting_.empty()) start_waiting();
  if (delivery_.flushes_at_once()) flush_all();
}

// --- Those who wait ---

void Audience::start_waiting() {
  // The tape of a publisher that is gone would only show the past, also while its successor's is
  // being asked for.
  if (!entry_ || !entry_->live || view_epoch_ != entry_->epoch) return;
  auto key = view_ ? view_->newest_key() : std::nullopt;
  if (!key) return;
  for (Waiting &waiting : std::exchange(waiting_, {})) {
    std::string why = why_not(waiting.request, *key);
    if (!why.empty() && delivery_.pass_on(waiting.request, std::move(why))) continue;
    start_viewer(std::move(waiting), *key);
  }
  close_pass();
}

void Audience::start_viewer(Waiting waiting, std::uint64_t key) {
  ViewerRequest &request = waiting.request;
  auto &metrics = delivery_.metrics();
  if (!metrics.take_seat(shelf().config()->deliver, *subscribed_->counters)) {
    return respond_no_seat(*request.exchange, metrics);
  }
  const auto &asked = request.exchange->request();
  ViewerStart start;
  start.correlation_id = asked.correlation_id;
  start.user_agent = std::string(asked.find_header("User-Agent").value_or("").substr(0, 256));
  start.framing = request.framing;
  start.protocol = request.protocol;
  if (request.mse) {
    start.mse = std::make_unique<MseSession>(std::move(*request.mse), base::mono_now());
  }
  start.head = request.exchange->stream_head(request.status, request.head_fields);
  start.connection = request.exchange->detach();
  if (!start.connection.socket) {
    return metrics.give_seat_back(*subscribed_->counters);
  }
  std::string leftover = std::move(start.connection.leftover_input);
  auto viewer = std::make_unique<Viewer>(*this, std::move(start));
  Viewer &raw = *viewer;
  auto &cohort = cohorts_[next_cohort_];
  raw.place = {next_cohort_, cohort.size()};
  next_cohort_ = (next_cohort_ + 1) % kCohorts;
  cohort.push_back(std::move(viewer));
  ++viewer_count_;
  metrics.viewers[static_cast<std::size_t>(raw.protocol())]->add(1);
  raw.start_at(*view_, key);
  flush(raw);
  auto joined = std::chrono::duration_cast<base::Micros>(base::mono_now() - waiting.since);
  metrics.join_us.observe(static_cast<std::uint64_t>(joined.count()));
  raw.listen(leftover);
}

bool Audience::has_nothing() const {
  return entry_ && entry_->live && entry_->has_nothing_for(format_);
}

std::string Audience::why_not(const ViewerRequest &request, std::uint64_t key) const {
  if (!request.mse || !request.mse->codecs) return {};
  auto missing = missing_codec(*request.mse->codecs, view_->prefix_at(key).mime);
  if (!missing) return {};
  return name_ + " is " + plain_name(*missing) + ", which this player does not list";
}

void Audience::refuse(Waiting &waiting) {
  const char *why = has_nothing() ? " has no track that fMP4 can carry" : " has no picture";
  if (delivery_.pass_on(waiting.request, name_ + why)) return;
  auto &exchange = *waiting.request.exchange;
  if (has_nothing()) return respond_no_track(exchange, media_format(format_));
  respond_absent(exchange, shelf(), name_, entry_.get());
}

bool Audience::may_wait_on(const Waiting &waiting, base::MonoTime now) const {
  // Whoever publishes may take its time for the first picture, and the tracks are waited for.
  const auto &config = shelf().config()->stream;
  const auto first_picture = std::max(config.unknown_wait, config.viewer_grace) + config.track_wait;
  return now - waiting.since < patience(shelf(), name_, entry_.get(), waiting.since, first_picture);
}

void Audience::tick(base::MonoTime now) {
  if (has_nothing()) return end_all("stream_ended");
  const auto &config = *shelf().config();
  for (std::size_t i = waiting_.size(); i-- > 0;) {
    if (may_wait_on(waiting_[i], now)) continue;
    refuse(waiting_[i]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  bool changing = false;
  for (auto &cohort : cohorts_) {
    for (std::size_t i = cohort.size(); i-- > 0;) {
      Viewer &viewer = *cohort[i];
      changing = changing || viewer.expects_changeover();
      const auto &view = viewer.expects_changeover() && previous_ ? *previous_ : *view_;
      viewer.end_if_stuck(view, now, config.deliver);
    }
  }
  if (!changing) previous_.reset();
}

void Audience::end_all(const char *reason) {
  for (auto &cohort : cohorts_) {
    for (std::size_t i = cohort.size(); i-- > 0;)
      cohort[i]->end(reason);
  }
  for (Waiting &waiting : std::exchange(waiting_, {}))
    refuse(waiting);
}

// --- Passes ---

void Audience::flush_cohort(std::size_t cohort) {
  if (!view_ || cohorts_[cohort].empty()) return;
  loop::Activity activity(shelf().loop(), "pass over viewers", subscribed_->epoch);
  view_->refresh();
  // Backwards, because a viewer that ends is replaced by the last one, which has had its turn.
  auto &viewers = cohorts_[cohort];
  for (std::size_t i = viewers.size(); i-- > 0;)
    flush(*viewers[i]);
  close_pass();
}

void Audience::flush_all() {
  for (std::size_t cohort = 0; cohort < kCohorts; ++cohort)
    flush_cohort(cohort);
}

void Audience::flush_one(Viewer &viewer) {
  if (!view_) return;
  flush(viewer);
  close_pass();
}

void Audience::flush(Viewer &viewer) {
  auto protocol = static_cast<std::size_t>(viewer.protocol());
  if (viewer.expects_changeover()) [[unlikely]]
    change_over(viewer);
  bool old = viewer.expects_changeover() && previous_;
  pass_bytes_[protocol] += viewer.flush(old ? *previous_ : *view_);
}

void Audience::change_over(Viewer &viewer) {
  if (previous_ && !viewer.at_boundary()) {
    pass_bytes_[static_cast<std::size_t>(viewer.protocol())] += viewer.flush(*previous_);
  }
  auto key = view_->newest_key();
  if (key && viewer.at_boundary()) viewer.start_at(*view_, *key);
}

void Audience::close_pass() {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kProtocols; ++i) {
    if (pass_bytes_[i] == 0) continue;
    delivery_.metrics().egress_bytes[i]->add(pass_bytes_[i]);
    total += std::exchange(pass_bytes_[i], 0);
  }
  if (total > 0) subscribed_->counters->bytes_out.fetch_add(total, std::memory_order_relaxed);
}

void Audience::forget(Viewer &viewer, const char *reason) {
  auto &metrics = delivery_.metrics();
  metrics.give_seat_back(*subscribed_->counters);
  metrics.viewers[static_cast<std::size_t>(viewer.protocol())]->add(-1);
  metrics.ends.count(reason);
  if (std::string_view(reason) == "slow") metrics.closed_slow.add();
  auto [cohort, index] = viewer.place;
  auto &viewers = cohorts_[cohort];
  auto ended = std::move(viewers[index]);
  if (index + 1 < viewers.size()) {
    viewers[index] = std::move(viewers.back());
    viewers[index]->place.index = index;
  }
  viewers.pop_back();
  --viewer_count_;
  // It may be the one whose callback this is.
  shelf().loop().defer([ended = std::move(ended)]() mutable { ended.reset(); });
}

void Audience::count_flush(std::size_t bytes) { delivery_.metrics().flush_bytes.observe(bytes); }

void Audience::count_skip() {
  delivery_.metrics().skips.add();
  subscribed_->counters->skips.fetch_add(1, std::memory_order_relaxed);
}

std::int64_t Audience::lag_ms(std::uint64_t cursor) const {
  if (!view_ || cursor < view_->tail() || cursor >= view_->head()) return 0;
  auto lag = view_->dts_at(view_->head()) - view_->dts_at(cursor);
  return std::chrono::duration_cast<base::Millis>(lag).count();
}

}  // namespace sluice::deliver
