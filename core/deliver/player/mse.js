// SPDX-License-Identifier: Apache-2.0
// fMP4 over a WebSocket into MediaSource: the way with the least latency.
import { KEEP_S, LiveEdge } from './live.js';
import { Playback } from './playback.js';
import { SoundRemover } from './sound.js';

const SILENCE_MS = 20000; // without media the connection counts as lost
const QUEUE_BYTES = 32 << 20; // taken in and not yet taken by the browser

// One of each family that a node sends; profile and level are not compared.
const CODECS = ['avc1.640029', 'hvc1.1.6.L153.B0', 'av01.0.08M.08', 'mp4a.40.2', 'opus', 'mp4a.6B'];

export const Source = self.MediaSource ?? self.ManagedMediaSource; // the second on phones that lack the first

const isVideo = codec => /^(avc|hvc|hev|av01|vp0)/.test(codec);
const playable = codec => Source.isTypeSupported(`video/mp4; codecs="${codec}"`);

// One WebSocket and one MediaSource.
export class MsePlayback extends Playback {
  #edge;
  #sound = null; // what takes the sound out, when the browser cannot play it
  #source = new Source();
  #place = URL.createObjectURL(this.#source);
  #socket;
  #buffer = null;
  #queue = []; // media, and between them {type, reason}
  #queued = 0; // bytes
  #lastMedia = performance.now();
  #paused = false;

  constructor(video, url, ended) {
    super(video, ended);
    this.#edge = new LiveEdge(video);
    this.#source.addEventListener('sourceopen', () => {
      URL.revokeObjectURL(this.#place);
      this.#feed();
    });
    video.disableRemotePlayback = true; // which ManagedMediaSource demands
    this.#connect(new URL(url));
    video.src = this.#place;
  }

  #connect(url) {
    url.searchParams.set('codecs', CODECS.filter(playable).join(','));
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => {
      if (this.#paused) this.#say('pause');
    };
    this.#socket.onmessage = ({ data }) => (typeof data === 'string' ? this.#hear(data) : this.#take(data));
    this.#socket.onclose = () => this.end('lost', '');
  }

  // What the node says. What is not understood is passed over: newer nodes may say more.
  #hear(text) {
    let said;
    try {
      said = JSON.parse(text);
    } catch {
      return;
    }
    if (said?.type === 'mse') {
      this.#queue.push({ type: String(said.value), reason: said.reason });
      this.#feed();
    } else if (said?.type === 'error' && said.code === 'codec_not_supported') {
      this.end('codec', String(said.value));
    } else if (said?.type === 'error' && said.code === 'paused_too_long') {
      this.end('paused', '');
    }
  }

  #take(media) {
    this.#lastMedia = performance.now();
    this.#queue.push(media);
    this.#queued += media.byteLength;
    if (this.#queued > QUEUE_BYTES) return this.end('media', 'The browser does not keep up.');
    this.#feed();
  }

  #feed() {
    while (!this.done && this.#queue.length && this.#source.readyState === 'open' && !this.#buffer?.updating) {
      if (this.#trim(KEEP_S)) return;
      const next = this.#queue[0];
      try {
        if (next instanceof ArrayBuffer) this.#append(next);
        else this.#useType(next);
        this.#queue.shift();
      } catch (error) {
        this.#refused(error, next);
        return;
      }
    }
  }

  // Refused as a whole is what has sound that the browser cannot play, so that sound goes before the browser sees it.
  #withoutSound(type) {
    const codecs = /codecs="([^"]*)"/.exec(type)?.[1].split(',').map(codec => codec.trim()) ?? [];
    const pictures = codecs.filter(isVideo);
    const mute = codecs.filter(codec => !isVideo(codec) && !playable(codec));
    this.#sound = pictures.length && mute.length ? new SoundRemover() : null;
    if (!this.#sound) return type;
    this.notes.push(`Without sound: this browser does not play ${mute.join(', ')}.`);
    return `video/mp4; codecs="${pictures.join(',')}"`;
  }

  #useType(told) {
    this.notes = told.reason ? [`${told.reason}.`] : [];
    const type = this.#withoutSound(told.type);
    if (this.#buffer) return this.#buffer.changeType(type);
    this.#buffer = this.#source.addSourceBuffer(type);
    this.#buffer.addEventListener('updateend', () => {
      this.#follow();
      this.#feed();
    });
    this.#buffer.addEventListener('error', () => this.end('media', 'The browser cannot decode the stream.'));
  }

  #append(media) {
    this.#sound?.remove(media);
    this.#buffer.appendBuffer(media);
    this.#queued -= media.byteLength;
  }

  #refused(error, what) {
    if (error.name === 'QuotaExceededError' && this.#trim(1)) return;
    if (what instanceof ArrayBuffer) this.end('media', 'The browser takes no more of the stream.');
    else this.end('codec', `the stream is ${what.type}`);
  }

  // Forgets what was played longer ago than `keep`; says whether that is under way now.
  #trim(keep) {
    const ranges = this.#buffer?.buffered;
    const until = this.video.currentTime - keep;
    if (!ranges?.length || until - ranges.start(0) < Math.min(keep, 5)) return false;
    this.#buffer.remove(0, until);
    return true;
  }

  get behind() { return this.#edge.behind; }

  #follow() {
    if (!this.#paused && !this.done) this.#edge.follow();
  }

  tick() {
    this.#follow();
    const silent = performance.now() - this.#lastMedia;
    if (!this.#paused && silent > SILENCE_MS) this.end('lost', '');
  }

  stalled() { this.#edge.stalled(); }

  pause() {
    this.#paused = true;
    this.#say('pause');
  }

  live() {
    this.#paused = false;
    this.#edge.skip();
    this.#lastMedia = performance.now();
    this.#say('live');
  }

  #say(type) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type }));
  }

  release() {
    this.#queue = [];
    URL.revokeObjectURL(this.#place);
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
  }
}
