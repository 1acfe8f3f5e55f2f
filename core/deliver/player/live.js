// SPDX-License-Identifier: Apache-2.0
// Keeps a video close to the newest picture that has arrived.

const TARGET_S = 0.5; // wanted behind the live edge; grows with stalls
const TARGET_MOST_S = 3;
const JUMP_S = 5; // behind the target by more: jump
export const RATE_MOST = 1.1;
export const KEEP_S = 10; // of what was played

// How long from `time` on the buffered media go without a gap.
function bufferedAfter(ranges, time) {
  for (let i = 0; i < ranges.length; i++) {
    if (ranges.start(i) <= time && time < ranges.end(i)) return ranges.end(i) - time;
  }
  return 0;
}

export class LiveEdge {
  #video;
  #target = TARGET_S;
  #skip = false;

  constructor(video) {
    this.#video = video;
  }

  get behind() {
    const { buffered, currentTime } = this.#video;
    return buffered.length ? Math.max(0, buffered.end(buffered.length - 1) - currentTime) : null;
  }

  // Over gaps, by rate while the edge is near, by a jump when it is not.
  follow() {
    const { buffered, currentTime } = this.#video;
    if (!buffered.length) return;
    const last = buffered.length - 1;
    const edge = buffered.end(last);
    const late = edge - currentTime - this.#target;
    const before = currentTime < buffered.start(last);
    const dry = before && (this.#skip || bufferedAfter(buffered, currentTime) < 0.1);
    if (dry || late > JUMP_S) {
      this.#skip = false;
      this.#video.currentTime = Math.max(buffered.start(last), edge - this.#target);
    }
    const hurry = late > (this.#video.playbackRate > 1 ? 0.05 : 0.3) && late <= JUMP_S;
    const rate = hurry ? Math.min(RATE_MOST, 1 + Math.max(2, Math.round(late * 10)) / 100) : 1;
    if (rate !== this.#video.playbackRate) this.#video.playbackRate = rate;
  }

  // What is buffered is of the past: the next that comes is what is wanted.
  skip() {
    this.#skip = true;
  }

  stalled() {
    this.#target = Math.min(TARGET_MOST_S, this.#target + 0.25);
  }
}
