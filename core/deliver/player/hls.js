// SPDX-License-Identifier: Apache-2.0
// HLS, by hls.js or by the browser itself.
import { loadLibrary } from './libraries.js';
import { KEEP_S, RATE_MOST } from './live.js';
import { Playback } from './playback.js';

const FALLEN_OUT_S = 30; // behind the live edge: no player's own distance

export const hasOwnHls = video => video.canPlayType('application/vnd.apple.mpegurl') !== '';

// What both have in common: the player keeps its own distance, and only one that has fallen out of the window is helped.
class HlsPlayback extends Playback {
  tick() {
    if (!this.video.paused && this.behind > FALLEN_OUT_S) this.live();
  }

  stalled() {}
}

export class OwnHlsPlayback extends HlsPlayback {
  #listening = new AbortController();

  constructor(video, url, ended) {
    super(video, ended);
    video.addEventListener('error', () => {
      this.end(video.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED ? 'codec' : 'lost', '');
    }, { signal: this.#listening.signal });
    video.src = url;
  }

  get behind() {
    const { seekable, currentTime } = this.video;
    return seekable.length ? Math.max(0, seekable.end(seekable.length - 1) - currentTime) : null;
  }

  live() {
    const { seekable } = this.video;
    if (seekable.length) this.video.currentTime = Math.max(seekable.start(0), seekable.end(seekable.length - 1) - 2);
  }

  pause() {}

  release() { this.#listening.abort(); }
}

export class HlsJsPlayback extends HlsPlayback {
  #hls = null;
  #mended = false; // once, by taking the media up anew

  constructor(video, url, ended) {
    super(video, ended);
    this.#begin(url).catch(error => this.end('missing', `hls.js could not be loaded (${error.name})`));
  }

  async #begin(url) {
    const Hls = await loadLibrary('hls');
    if (this.done) return;
    if (!Hls.isSupported()) return this.end('missing', 'hls.js does not play in this browser');
    // A worker would be made of a text, which the page's policy forbids; fragmented MP4 needs next to no work.
    this.#hls = new Hls({ lowLatencyMode: true, enableWorker: false, backBufferLength: KEEP_S,
      maxLiveSyncPlaybackRate: RATE_MOST });
    this.#hls.on(Hls.Events.ERROR, (_, error) => error.fatal && this.#onError(Hls, error));
    this.#hls.loadSource(url);
    this.#hls.attachMedia(this.video);
  }

  #onError({ ErrorTypes, ErrorDetails }, { type, details }) {
    const refused = [ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR, ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR,
      ErrorDetails.BUFFER_ADD_CODEC_ERROR];
    if (refused.includes(details)) return this.end('codec', details);
    if (type !== ErrorTypes.MEDIA_ERROR) return this.end('lost', '');
    if (this.#mended) return this.end('media', 'The browser cannot decode the stream.');
    this.#mended = true;
    this.#hls.recoverMediaError();
  }

  get behind() { return this.#hls?.liveSyncPosition ? this.#hls.latency : null; }

  live() {
    this.#hls?.startLoad(-1);
    const edge = this.#hls?.liveSyncPosition;
    if (edge) this.video.currentTime = edge;
  }

  pause() { this.#hls?.stopLoad(); }

  release() { this.#hls?.destroy(); }
}
