// SPDX-License-Identifier: Apache-2.0
// FLV by mpegts.js, over HTTP or over a WebSocket.
import { loadLibrary } from './libraries.js';
import { KEEP_S, LiveEdge } from './live.js';
import { Playback } from './playback.js';

export class FlvPlayback extends Playback {
  #edge;
  #player = null;

  constructor(video, url, ended) {
    super(video, ended);
    this.#edge = new LiveEdge(video);
    this.#begin(url).catch(error => this.end('missing', `mpegts.js could not be loaded (${error.name})`));
  }

  async #begin(url) {
    const mpegts = await loadLibrary('mpegts');
    if (this.done) return;
    if (!mpegts.isSupported()) return this.end('missing', 'mpegts.js does not play in this browser');
    mpegts.LoggingControl.enableAll = false;
    this.#player = mpegts.createPlayer({ type: 'flv', isLive: true, url }, { enableWorker: false, enableStashBuffer: false,
      autoCleanupSourceBuffer: true, autoCleanupMaxBackwardDuration: 3 * KEEP_S, autoCleanupMinBackwardDuration: KEEP_S });
    this.#player.on(mpegts.Events.ERROR, (type, details) => this.#onError(mpegts, type, details));
    this.#player.on(mpegts.Events.LOADING_COMPLETE, () => this.end('lost', ''));
    this.#player.attachMediaElement(this.video);
    this.#player.load();
  }

  #onError({ ErrorTypes, ErrorDetails }, type, details) {
    if (type === ErrorTypes.NETWORK_ERROR) return this.end('lost', '');
    const refused = [ErrorDetails.MEDIA_CODEC_UNSUPPORTED, ErrorDetails.MEDIA_FORMAT_UNSUPPORTED].includes(details);
    this.end(refused ? 'codec' : 'media', refused ? details : 'The browser cannot decode the stream.');
  }

  get behind() { return this.#edge.behind; }

  tick() {
    if (!this.done) this.#edge.follow();
  }

  stalled() { this.#edge.stalled(); }

  live() {}

  // Nothing holds such a stream back but its end; going on is a new one.
  pause() { this.end('paused', ''); }

  release() { this.#player?.destroy(); }
}
