// SPDX-License-Identifier: Apache-2.0
#include "stream/source.h"

#include <utility>

#include "base/log.h"
#include "config/source_url.h"
#include "stream/retry.h"
#include "stream/source_table.h"

namespace sluice::stream {
namespace {

// A stream that played for this long counts as one that works, and its next failure as a first one.
constexpr base::Millis kSettled{10'000};

// A camera that stays dead is named again this often.
constexpr base::Millis kLogAgain{600'000};

// The settings that only the source looks at are changed without a new attempt.
bool is_same_attempt(const SourceSpec &before, const SourceSpec &after) {
  SourceSpec same = after;
  same.settings.on_demand = before.settings.on_demand;
  same.settings.stop_after = before.settings.stop_after;
  same.settings.start_timeout = before.settings.start_timeout;
  same.settings.keep_viewers = before.settings.keep_viewers;
  same.settings.retry_min = before.settings.retry_min;
  same.settings.retry_max = before.settings.retry_max;
  same.settings.max_connecting_per_site = before.settings.max_connecting_per_site;
  return same == before;
}

}  // namespace

Source::Source(SourceTable &table, const SourceContext &context, std::string name,
               std::uint64_t serial, SourceSpec spec)
    : table_(table),
      context_(context),
      name_(std::move(name)),
      serial_(serial),
      spec_(std::move(spec)),
      since_wall_us_(base::wall_us()),
      timer_(context_.loop, [this] { on_timer(); }),
      stop_timer_(context_.loop, [this] { become_idle(); }),
      memory_(spec_.urls.size()) {}

Source::~Source() = default;

void Source::start() {
  if (should_run()) resume();
  if (stage_ == Stage::Idle) report();
}

void Source::change(SourceSpec spec) {
  bool goes_on = is_same_attempt(spec_, spec);
  if (!goes_on) {
    drop_attempt();
    memory_.clear();
    memory_.resize(spec.urls.size());
    url_index_ = 0;
    failures_ = 0;
    next_try_at_.reset();
    last_failure_.reset();
    logged_reason_.reset();
    stage_ = Stage::Idle;
  }
  spec_ = std::move(spec);
  stops_at_.reset();
  stop_timer_.stop();
  if (should_run()) {
    resume();
  } else if (stage_ != Stage::Idle) {
    set_wanted(false);
  }
  report();
}

void Source::set_wanted(bool wanted) {
  wanted_ = wanted;
  stops_at_.reset();
  stop_timer_.stop();
  if (should_run()) {
    resume();
  } else if (stage_ != Stage::Idle) {
    stops_at_ = base::mono_now() + spec_.settings.stop_after;
    stop_timer_.start(spec_.settings.stop_after);
  }
  report();
}

bool Source::should_run() const { return wanted_ || !spec_.settings.on_demand; }

void Source::resume() {
  if (stage_ != Stage::Idle) return;
  auto now = base::mono_now();
  if (!next_try_at_ || *next_try_at_ <= now) return begin_cycle();
  // Viewers who come and go must not make a dead camera be asked more often.
  set_stage(Stage::Waiting);
  timer_.start(std::chrono::ceil<base::Millis>(*next_try_at_ - now));
}

void Source::begin_cycle() {
  next_try_at_.reset();
  all_permanent_ = true;
  url_index_ = 0;
  ask_to_connect();
}

void Source::ask_to_connect() {
  set_stage(Stage::Queued);
  table_.ask_to_connect(*this, config::site_of_url(spec_.urls[url_index_]), ++last_ask_);
  report();
}

void Source::enter(std::uint64_t ask, ConnectGate::Permit permit) {
  if (stage_ != Stage::Queued || ask != last_ask_) return;
  permit_ = std::move(permit);
  set_stage(Stage::Connecting);
  ++attempts_;
  context_.metrics.attempts.add();
  const std::string &url = spec_.urls[url_index_];
  pull_ = context_.pulls.start(
      {name_, url, config::redact_url(url), spec_.settings, memory_[url_index_]}, *this);
  report();
}

// --- The attempt ---

void Source::on_playing() {
  if (stage_ != Stage::Connecting) return;
  permit_.give_back();
  set_stage(Stage::Playing);
  playing_since_ = base::mono_now();
  if (++times_played_ > 1) context_.metrics.reconnects.add();
  logged_reason_.reset();
  base::log::info("source playing", {{"stream", name_},
                                     {"url", config::redact_url(spec_.urls[url_index_])},
                                     {"transport", pull_->facts().transport},
                                     {"attempts", attempts_}});
  report();
}

void Source::on_pull_end(const PullEnd &end) {
  ended_ = end;
  timer_.start(base::Millis(0));
}

void Source::on_timer() {
  if (ended_) return take_end(*std::exchange(ended_, std::nullopt));
  if (stage_ == Stage::Waiting) begin_cycle();
}

void Source::take_end(const PullEnd &end) {
  auto now = base::mono_now();
  bool played = stage_ == Stage::Playing;
  drop_attempt();
  last_failure_ = SourceStatus::Failure{end.reason, end.error, url_index_, base::wall_us()};
  context_.metrics.failures[static_cast<std::size_t>(end.reason)]->add();
  if (played && now - playing_since_ >= kSettled) failures_ = 0;
  all_permanent_ = all_permanent_ && end.permanent;
  if (!played && url_index_ + 1 < spec_.urls.size()) {
    ++url_index_;
    return ask_to_connect();
  }
  wait(end);
}

void Source::wait(const PullEnd &end) {
  double random = std::generate_canonical<double, 24>(context_.random);
  const auto &settings = spec_.settings;
  auto delay = retry_delay({settings.retry_min, settings.retry_max}, ++failures_, all_permanent_,
                           end.retry_after, random);
  next_try_at_ = base::mono_now() + delay;
  log_failure(end, delay);
  set_stage(Stage::Waiting);
  timer_.start(delay);
  report();
}

void Source::log_failure(const PullEnd &end, base::Millis delay) {
  auto now = base::mono_now();
  if (logged_reason_ == end.reason && now - logged_at_ < kLogAgain) return;
  logged_reason_ = end.reason;
  logged_at_ = now;
  base::log::warning("source failed", {{"stream", name_},
                                       {"url", config::redact_url(spec_.urls[url_index_])},
                                       {"reason", word(end.reason)},
                                       {"why", base::describe(end.error)},
                                       {"next_try_ms", delay.count()},
                                       {"attempts", attempts_}});
}

void Source::drop_attempt() {
  timer_.stop();
  ended_.reset();
  pull_.reset();
  permit_.give_back();
}

void Source::become_idle() {
  drop_attempt();
  stops_at_.reset();
  set_stage(Stage::Idle);
  report();
}

// --- What others see ---

void Source::set_stage(Stage stage) {
  if (stage != stage_) since_wall_us_ = base::wall_us();
  stage_ = stage;
}

SourceStatus Source::status() const {
  SourceStatus status;
  switch (stage_) {
    case Stage::Idle:
      status.state = SourceState::Idle;
      break;
    case Stage::Queued:
    case Stage::Connecting:
      status.state = SourceState::Connecting;
      break;
    case Stage::Playing:
      status.state = SourceState::Playing;
      break;
    case Stage::Waiting:
      status.state = SourceState::Waiting;
      status.next_try_at = next_try_at_;
      break;
  }
  status.since_wall_us = since_wall_us_;
  status.url_index = url_index_;
  status.last_failure = last_failure_;
  status.stops_at = stops_at_;
  status.attempts = attempts_;
  status.reconnects = times_played_ > 0 ? times_played_ - 1 : 0;
  status.is_wanted = wanted_;
  if (pull_) status.facts = pull_->facts();
  return status;
}

void Source::report() { table_.report(*this); }

}  // namespace sluice::stream
