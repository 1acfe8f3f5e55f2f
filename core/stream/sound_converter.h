// SPDX-License-Identifier: Apache-2.0
// SoundConverter: has the sound of one stream transcoded by the node's pool of threads, one task at
// a time and in order. Bounded: what the pool cannot keep up with, and what is more sound than time
// goes by, is dropped and counted. Lives on the stream's home loop; may end while a task is under
// way, which does nothing then unless it has begun.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/timer.h"
#include "stream/publication_context.h"
#include "stream/sound_allowance.h"
#include "transcode/sound.h"

namespace sluice::stream {

class SoundConverter {
 public:
  // Called on the loop, and not from within add() or submit(). The converter must not end while one
  // of them runs.
  struct Events {
    std::function<void(std::vector<transcode::SoundFrame>)> on_frames;
    std::function<void()> on_ready;                      // once
    std::function<void(const base::Error &)> on_failed;  // nothing comes any more
  };
  // The context, which has a pool, the stream's name and the allowance must outlive it.
  SoundConverter(const PublicationContext &context, const std::string &stream,
                 SoundAllowance &allowance, const media::Track &sound, Events events);
  ~SoundConverter();
  SoundConverter(const SoundConverter &) = delete;
  SoundConverter &operator=(const SoundConverter &) = delete;

  // Takes a copy of the frame along with the next task.
  void add(const media::Frame &frame);
  // Starts a task if there are frames and none is under way.
  void submit();

  // What was there at the beginning is done, or it took too long to wait for it.
  [[nodiscard]] bool is_ready() const { return ready_; }

  // Expires when the converter is gone and its last task is answered.
  [[nodiscard]] std::weak_ptr<const void> life() const { return self_; }

 private:
  struct Work;
  void on_done();
  void become_ready();
  void drop_what_is_late();
  void count_drop(metrics::Counter &counter, std::size_t frames, const char *why);

  const PublicationContext &context_;
  const std::string &stream_;
  SoundAllowance &allowance_;
  Events events_;
  // What the pool's thread works with. The loop touches it only while no task is under way.
  std::shared_ptr<Work> work_;
  bool under_way_ = false;
  bool closed_ = false;  // no task is taken any more
  bool ready_ = false;
  loop::Timer patience_;
  std::deque<transcode::SoundFrame> queue_;
  std::size_t queued_bytes_ = 0;
  media::Ticks spent_{0};  // on the task under way, before it is known what it makes
  // Null once this object is gone; for answers that come after that.
  std::shared_ptr<SoundConverter *> self_;
};

}  // namespace sluice::stream
