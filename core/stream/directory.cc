// SPDX-License-Identifier: Apache-2.0
#include "stream/directory.h"

#include <utility>

#include "base/log.h"
#include "stream/shelf.h"

namespace sluice::stream {
namespace {

using base::Code;
using base::Domain;
using base::Error;

// The gap between two publishers on a viewer's time line is at least one frame of 25 per second.
constexpr media::Ticks kLeastGap = base::Millis(40);

// FLV counts in milliseconds, so a stream's time always resumes on a whole one.
media::Ticks elapsed_since(base::MonoTime then) {
  return std::chrono::duration_cast<base::Millis>(base::mono_now() - then);
}

}  // namespace

Directory::Directory(loop::Loop &main, const config::Live &config, StreamMetrics &metrics)
    : main_(main), config_(config), metrics_(metrics) {}

void Directory::close() {
  shelves_.clear();
  records_.clear();
}

void Directory::publish(PublishRequest request) {
  if (shelves_.empty()) return;
  if (!request.publisher.is_source && is_reserved(request.name)) {
    return refuse(request, {Domain::Stream, Code::Refused, 0, "the name belongs to a source"});
  }
  auto found = records_.find(request.name);
  if (found == records_.end()) {
    if (records_.size() >= config_->stream.max_streams) {
      return refuse(request, {Domain::Stream, Code::Busy, 0, "too many streams"});
    }
    found = records_.try_emplace(request.name).first;
    return grant(found->second, std::move(request));
  }
  if (found->second.entry->live) return take_over_or_refuse(found->second, std::move(request));
  grant(found->second, std::move(request));
}

void Directory::grant(Record &record, PublishRequest request) {
  auto entry = std::make_shared<StreamEntry>();
  Grant grant;
  if (record.entry) {
    entry->counters = record.entry->counters;
    entry->segments = record.entry->segments;
    grant.start_at = record.next_dts + std::max(kLeastGap, elapsed_since(record.ended_at));
  } else {
    entry->counters = std::make_shared<StreamCounters>();
    if (config_->is_rendition(request.name)) grant.start_at = elapsed_since(started_);
  }
  entry->name = request.name;
  entry->epoch = ++last_epoch_;
  entry->live = true;
  entry->publisher = std::move(request.publisher);
  entry->home = request.shelf;
  entry->since_wall_us = base::wall_us();
  entry->since = base::mono_now();
  record.entry = entry;
  record.facts = {};
  record.grace.reset();
  grant.entry = entry;
  // The home loop learns first: a viewer's question can only come after the answer to the
  // publisher.
  request.shelf->post_answer(request.ticket, grant);
  tell_shelves(request.name, entry);
}

void Directory::refuse(const PublishRequest &request, Error error) {
  metrics_.publish_refused.add();
  request.shelf->post_answer(request.ticket, base::fail(error));
}

void Directory::take_over_or_refuse(Record &record, PublishRequest request) {
  if (record.successor) {
    return refuse(request, {Domain::Stream, Code::Busy, 0, "another take-over is under way"});
  }
  if (!may_take_over(record, request)) {
    return refuse(request, {Domain::Stream, Code::Refused, 0, "the name is being published"});
  }
  record.entry->home->post_revoke(record.entry->epoch);
  record.successor = std::move(request);
}

// A camera's name is its own, also while it is away: nobody may show another picture under it.
// Where an encoder is allowed to stand in, the camera waits until it has left.
bool Directory::is_reserved(const std::string &name) const {
  return config_->has_source(name) &&
         config_->publish_policy(name) != config::PublishPolicy::Always;
}

bool Directory::may_take_over(const Record &record, const PublishRequest &request) const {
  auto policy = config_->publish_policy(request.name);
  if (request.publisher.is_source) {
    // Whoever was there before the source was configured, or the source's own attempt before.
    return record.entry->publisher.is_source || policy != config::PublishPolicy::Always;
  }
  return policy == config::PublishPolicy::Always ||
         (policy == config::PublishPolicy::SameAddress &&
          request.publisher.host == record.entry->publisher.host);
}

void Directory::unpublish(const std::string &name, std::uint64_t epoch, media::Ticks next_dts) {
  auto found = records_.find(name);
  if (found == records_.end() || found->second.entry->epoch != epoch) return;
  Record &record = found->second;
  record.next_dts = next_dts;
  record.ended_at = base::mono_now();
  if (record.successor) {
    auto successor = std::move(*record.successor);
    record.successor.reset();
    return grant(record, std::move(successor));
  }
  start_grace(record);
}

void Directory::start_grace(Record &record) {
  auto entry = std::make_shared<StreamEntry>(*record.entry);
  entry->live = false;
  entry->home = nullptr;
  entry->since_wall_us = base::wall_us();
  entry->since = base::mono_now();
  record.entry = entry;
  tell_shelves(entry->name, entry);
  forget_in(record, config_->viewer_grace(entry->name));
}

void Directory::forget_in(Record &record, base::Millis grace) {
  record.kept_until = base::mono_now() + grace;
  record.grace =
      std::make_unique<loop::Timer>(main_, [this, name = record.entry->name] { forget(name); });
  record.grace->start(grace);
}

void Directory::source_removed(const std::string &name) {
  auto found = records_.find(name);
  if (found == records_.end() || found->second.entry->live) return;
  forget_in(found->second, config_->stream.viewer_grace);
}

void Directory::forget(const std::string &name) {
  // The timer that calls this is in the record, and name is in the timer's callback.
  std::string kept = name;
  records_.erase(kept);
  tell_shelves(kept, nullptr);
}

void Directory::describe(const std::string &name, std::uint64_t epoch, StreamFacts facts) {
  auto found = records_.find(name);
  if (found == records_.end() || found->second.entry->epoch != epoch) return;
  found->second.facts = std::move(facts);
}

std::vector<Directory::Listed> Directory::list() const {
  std::vector<Listed> listed;
  listed.reserve(records_.size());
  for (const auto &[name, record] : records_) {
    Listed one{record.entry, record.facts, 0};
    if (!record.entry->live) {
      auto left = std::chrono::duration_cast<base::Millis>(record.kept_until - base::mono_now());
      one.grace_left_ms = std::max<std::int64_t>(0, left.count());
    }
    listed.push_back(std::move(one));
  }
  return listed;
}

void Directory::tell_shelves(const std::string &name,
                             const std::shared_ptr<const StreamEntry> &entry) {
  for (Shelf *shelf : shelves_)
    shelf->post_update(name, entry);
}

}  // namespace sluice::stream
