// SPDX-License-Identifier: Apache-2.0
// What all ways to play have in common. `ended(reason, text)` is called once, unless close() was before: "lost", "codec",
// "media", "missing", or "paused" when the stream does not wait any longer.
export class Playback {
  notes = []; // sentences about how this is not quite what was asked for
  video;
  done = false;
  #ended;

  constructor(video, ended) {
    this.video = video;
    this.#ended = ended;
  }

  end(reason, text) {
    if (this.done) return;
    this.close();
    this.#ended(reason, text);
  }

  close() {
    if (this.done) return;
    this.done = true;
    this.release();
    this.video.playbackRate = 1;
  }
}
