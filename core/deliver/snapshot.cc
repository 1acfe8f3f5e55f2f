// SPDX-License-Identifier: Apache-2.0
#include "deliver/snapshot.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "deliver/snapshots.h"
#include "deliver/waiting.h"
#include "http/ranges.h"
#include "transcode/picture.h"

namespace sluice::deliver {
namespace {

std::string etag_of(const std::string &jpeg) {
  auto digest = base::sha256(base::as_bytes(jpeg));
  return '"' + base::hex(base::Bytes(digest).first(12)) + '"';
}

}  // namespace

Snapshot::Snapshot(Snapshots &owner, std::string name, std::uint32_t width)
    : owner_(owner),
      name_(std::move(name)),
      width_(width),
      entry_(owner.shelf().find(name_)),
      self_(std::make_shared<Snapshot *>(this)) {
  owner_.shelf().watch(name_, *this);
}

Snapshot::~Snapshot() {
  drain();
  owner_.shelf().unwatch(name_, *this);
  *self_ = nullptr;
}

void Snapshot::admit(std::unique_ptr<http::Exchange> exchange) {
  auto now = base::mono_now();
  if (is_fresh(now)) {
    owner_.metrics().reused.add();
    return answer(*exchange);
  }
  wait({std::move(exchange), now});
  ask();
}

bool Snapshot::is_fresh(base::MonoTime now) const {
  return is_live() && made_.epoch == entry_->epoch &&
         now - made_.at <= owner_.shelf().config()->snapshot.max_age;
}

// --- From the stream to the picture ---

void Snapshot::on_entry(const std::shared_ptr<const stream::StreamEntry> &entry) {
  entry_ = entry;
  // Who was asked may have ended without an answer.
  bool same = is_live() && asked_epoch_ == entry_->epoch;
  if (phase_ == Phase::Asked && !same) phase_ = Phase::Idle;
  ask();
}

void Snapshot::ask() {
  if (phase_ != Phase::Idle || waiting_.empty() || !is_live()) return;
  phase_ = Phase::Asked;
  asked_epoch_ = entry_->epoch;
  auto here = [self = self_, epoch = entry_->epoch](stream::KeyFrame key) {
    if (*self != nullptr) (*self)->on_key_frame(epoch, std::move(key));
  };
  owner_.shelf().take_key_frame(*entry_, std::move(here));
}

void Snapshot::on_key_frame(std::uint64_t epoch, stream::KeyFrame key) {
  if (phase_ != Phase::Asked || asked_epoch_ != epoch) return;
  phase_ = Phase::Idle;
  bool never = key.video ? !transcode::can_decode(key.video->codec) : key.decided;
  if (never) {
    for (Waiting &waiting : take_waiting()) {
      waiting.exchange->respond_error(406, "no_picture",
                                      "the stream has no video that pictures can be made of");
    }
    return;
  }
  if (!key.payload) return;  // asked for again with the next tick
  if (made_.epoch == epoch && made_.dts == key.dts) {
    made_.at = base::mono_now();
    owner_.metrics().reused.add(waiting_.size());
    return answer_all();
  }
  convert(epoch, std::move(key));
}

void Snapshot::convert(std::uint64_t epoch, stream::KeyFrame key) {
  auto made = std::make_shared<Made>();
  made->epoch = epoch;
  made->dts = key.dts;
  // The pool's thread knows nothing of this object, which may end meanwhile.
  auto work = [made, key = std::move(key), width = width_] {
    auto jpeg = transcode::make_jpeg(*key.video, base::as_bytes(*key.payload), width);
    if (!jpeg) {
      static base::log::Limiter limiter;
      if (auto held = limiter.admit()) {
        base::log::info("no picture of a key frame",
                        {{"why", base::describe(jpeg.error())}, {"suppressed", *held}});
      }
      return;
    }
    made->etag = etag_of(*jpeg);
    made->body = std::make_shared<http::TextBody>(std::move(*jpeg));
  };
  auto answer = [self = self_, made](loop::WorkPool::Outcome outcome) {
    if (*self == nullptr) return;
    if (outcome == loop::WorkPool::Outcome::Dropped) return (*self)->drain();
    (*self)->on_converted(std::move(*made));
  };
  phase_ = Phase::Converting;
  if (owner_.pool().submit(owner_.shelf().loop(), std::move(work), std::move(answer))) return;
  phase_ = Phase::Idle;
  owner_.metrics().refused.add(waiting_.size());
  for (Waiting &waiting : take_waiting())
    waiting.exchange->respond_unavailable("busy", "too many pictures are being made");
}

void Snapshot::on_converted(Made made) {
  phase_ = Phase::Idle;
  made_ = std::move(made);
  made_.at = base::mono_now();
  auto &metrics = owner_.metrics();
  (made_.body ? metrics.made : metrics.failed).add();
  if (waiting_.size() > 1) metrics.reused.add(waiting_.size() - 1);
  answer_all();
  owner_.make_room();
}

// --- Those who wait ---

void Snapshot::wait(Waiting waiting) {
  waiting.exchange->on_abort([this, raw = waiting.exchange.get()] {
    std::erase_if(waiting_, [&](const Waiting &w) { return w.exchange.get() == raw; });
  });
  waiting_.push_back(std::move(waiting));
}

// Answering one may end the connection of another, so they are taken off the list first.
std::vector<Snapshot::Waiting> Snapshot::take_waiting() {
  for (Waiting &waiting : waiting_)
    waiting.exchange->on_abort({});
  return std::exchange(waiting_, {});
}

void Snapshot::answer_all() {
  for (Waiting &waiting : take_waiting())
    answer(*waiting.exchange);
}

void Snapshot::answer(http::Exchange &exchange) const {
  if (!made_.body) {
    return exchange.respond_unavailable("no_picture_now",
                                        "the newest key frame could not be decoded");
  }
  auto age = owner_.shelf().config()->snapshot.max_age;
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  http::Response response;
  response.content_type = "image/jpeg";
  response.stored = http::BodyRange::whole(made_.body);
  response.headers.push_back({"Cache-Control", "max-age=" + std::to_string(seconds)});
  http::answer_as_asked(exchange.request(), made_.etag, response);
  exchange.respond(std::move(response));
}

bool Snapshot::may_wait(base::MonoTime since, base::MonoTime now) const {
  // As viewers do, but nobody waits for a picture as long as for a stream.
  const auto &config = owner_.shelf().config()->stream;
  return now - since < patience(owner_.shelf(), name_, entry_.get(), since,
                                config.unknown_wait + config.track_wait);
}

void Snapshot::tick(base::MonoTime now) {
  // What is under way comes to an end by itself.
  if (phase_ == Phase::Converting) return;
  for (Waiting &waiting : take_waiting()) {
    if (!may_wait(waiting.since, now)) {
      respond_absent(*waiting.exchange, owner_.shelf(), name_, entry_.get());
    } else if (!waiting.exchange->aborted()) {
      wait(std::move(waiting));
    }
  }
  ask();
}

void Snapshot::drain() {
  for (Waiting &waiting : take_waiting())
    waiting.exchange->respond_unavailable("draining", "the node is shutting down");
}

bool Snapshot::is_idle(base::MonoTime now) const {
  return waiting_.empty() && phase_ == Phase::Idle && !is_fresh(now);
}

}  // namespace sluice::deliver
