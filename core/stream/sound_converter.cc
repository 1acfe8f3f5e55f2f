// SPDX-License-Identifier: Apache-2.0
#include "stream/sound_converter.h"

#include <iterator>
#include <optional>
#include <utility>

#include "base/log.h"
#include "loop/work_pool.h"

namespace sluice::stream {
namespace {

using media::Ticks;

// The first viewers wait for the sound of the last GOP, but not for longer than this.
constexpr base::Millis kPatience{1'000};
// So much of a long GOP gets sound.
constexpr Ticks kMaxAtStart = std::chrono::seconds(10);
// What is older than this when the pool comes to it is of no use to anybody.
constexpr Ticks kMaxBehind = std::chrono::seconds(2);
constexpr std::size_t kMaxQueuedBytes = std::size_t{4} << 20;
// What a frame costs at least, however short its sound is.
constexpr Ticks kMinCost = std::chrono::milliseconds(2);

constexpr const char *kBroken = "it cannot be decoded";

}  // namespace

struct SoundConverter::Work {
  media::Track sound;
  transcode::SoundTranscoder::Options options;
  std::unique_ptr<transcode::SoundTranscoder> transcoder;
  std::vector<transcode::SoundFrame> frames;
  transcode::SoundTranscoder::Made made;
  std::optional<base::Error> failure;

  void run() {
    made = {};
    if (!transcoder) {
      auto opened = transcode::SoundTranscoder::open(sound, options);
      if (!opened) {
        failure = opened.error();
        return;
      }
      transcoder = std::move(*opened);
    }
    made = transcoder->take(frames);
  }
};

SoundConverter::SoundConverter(const PublicationContext &context, const std::string &stream,
                               SoundAllowance &allowance, const media::Track &sound, Events events)
    : context_(context),
      stream_(stream),
      allowance_(allowance),
      events_(std::move(events)),
      work_(std::make_shared<Work>()),
      patience_(context.loop, [this] { become_ready(); }),
      self_(std::make_shared<SoundConverter *>(this)) {
  work_->sound = sound;
  work_->options.bit_rate = context.config->sound.bit_rate;
  context_.metrics.sound.transcoders.add(1);
  patience_.start(kPatience);
}

SoundConverter::~SoundConverter() {
  context_.metrics.sound.transcoders.add(-1);
  *self_ = nullptr;
}

void SoundConverter::add(const media::Frame &frame) {
  auto &metrics = context_.metrics.sound;
  if (closed_) return;
  if (frame.payload.size > transcode::kMaxSoundFrame) {
    return count_drop(metrics.dropped_broken, 1, kBroken);
  }
  if (allowance_.is_spent(context_.loop.now())) {
    return count_drop(metrics.dropped_flood, 1, "more sound than time");
  }
  queue_.push_back({frame.dts, frame.wall_us, std::string(base::as_text(frame.payload.bytes()))});
  queued_bytes_ += frame.payload.size;
  context_.metrics.copied_transcode_bytes.add(frame.payload.size);
  drop_what_is_late();
}

void SoundConverter::drop_what_is_late() {
  const Ticks most = ready_ ? kMaxBehind : kMaxAtStart;
  while (queue_.back().dts - queue_.front().dts > most || queued_bytes_ > kMaxQueuedBytes) {
    queued_bytes_ -= queue_.front().payload.size();
    queue_.pop_front();
    if (ready_) {
      count_drop(context_.metrics.sound.dropped_busy, 1, "too many streams are transcoded");
    }
  }
}

void SoundConverter::count_drop(metrics::Counter &counter, std::size_t frames, const char *why) {
  if (frames == 0) return;
  counter.add(frames);
  static base::log::Limiter limiter;
  if (auto held = limiter.admit()) {
    base::log::warning("sound dropped", {{"stream", stream_},
                                         {"why", why},
                                         {"codec", media::codec_name(work_->sound.codec)},
                                         {"suppressed", *held}});
  }
}

void SoundConverter::submit() {
  if (under_way_ || closed_ || queue_.empty()) return;
  work_->frames.assign(std::make_move_iterator(queue_.begin()),
                       std::make_move_iterator(queue_.end()));
  auto answer = [self = self_](loop::WorkPool::Outcome outcome) {
    if (*self == nullptr) return;
    if (outcome == loop::WorkPool::Outcome::Dropped) (*self)->closed_ = true;
    (*self)->on_done();
  };
  // Nobody waits for what a converter that is gone had queued, and its frames go with it.
  auto run = [work = std::weak_ptr(work_)] {
    if (auto held = work.lock()) held->run();
  };
  if (!context_.work->submit(context_.loop, std::move(run), std::move(answer),
                             loop::WorkPool::Urgency::Live)) {
    // With the next frame again.
    std::ranges::move(work_->frames, queue_.begin());
    return;
  }
  spent_ = queue_.back().dts - queue_.front().dts + kMinCost * queue_.size();
  allowance_.spend(spent_);
  queue_.clear();
  queued_bytes_ = 0;
  under_way_ = true;
}

void SoundConverter::on_done() {
  under_way_ = false;
  if (work_->failure) {
    closed_ = true;
    return events_.on_failed(*work_->failure);
  }
  if (!closed_) {
    auto &metrics = context_.metrics.sound;
    metrics.frames_in.add(work_->frames.size());
    metrics.frames_out.add(work_->made.frames.size());
    count_drop(metrics.dropped_broken, work_->made.refused, kBroken);
    if (work_->made.length > spent_) allowance_.spend(work_->made.length - spent_);
    events_.on_frames(std::exchange(work_->made.frames, {}));
  }
  become_ready();
  submit();
}

void SoundConverter::become_ready() {
  patience_.stop();
  if (!std::exchange(ready_, true)) events_.on_ready();
}

}  // namespace sluice::stream
