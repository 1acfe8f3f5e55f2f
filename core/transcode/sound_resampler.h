// SPDX-License-Identifier: Apache-2.0
// SoundResampler: decoded sound in any rate, form and arrangement of channels to the one that the
// encoder takes: planes of floats.
#pragma once

#include "base/result.h"
#include "transcode/library.h"

namespace sluice::transcode {

class SoundResampler {
 public:
  SoundResampler(int rate, int channels) : rate_(rate), channels_(channels) {}

  // Puts the first `count` of the samples behind those in `out`.
  base::Status convert(const AVFrame &samples, int count, AVAudioFifo &out);
  base::Status add_silence(int count, AVAudioFifo &out);
  // Samples of the output that are still to come of what was put in.
  [[nodiscard]] std::int64_t delay() const;
  // What is still to come is let go.
  void forget() { swr_.reset(); }

 private:
  // How the samples were that came last.
  struct Form {
    int rate = 0;
    int format = -1;
    int channels = 0;
    friend bool operator==(const Form &, const Form &) = default;
  };
  base::Status open(const AVFrame &samples);
  base::Status reserve(int samples);

  int rate_;
  int channels_;
  Form form_;
  Owned<SwrContext> swr_;
  Owned<AVFrame> room_;  // for what the library makes, grown as needed
};

}  // namespace sluice::transcode
