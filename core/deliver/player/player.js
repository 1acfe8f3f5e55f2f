// SPDX-License-Identifier: Apache-2.0
// <sluice-player src="/S/C">: plays a stream of a Sluice node, close to its live edge. fMP4 comes over a WebSocket into
// MediaSource; where that is missing or refuses the codec, the browser's own HLS plays. docs/player.md says how to embed it.
// Texts from anywhere get into the page as text only, and the access token gets nowhere but into media URLs.

const TICK_MS = 250;
const TARGET_S = 0.5; // wanted behind the live edge; grows with stalls
const TARGET_MOST_S = 3;
const JUMP_S = 5; // behind the target by more: jump
const RATE_MOST = 1.1;
const KEEP_S = 10; // of what was played
const SILENCE_MS = 20000; // without media the connection counts as lost
const QUEUE_BYTES = 32 << 20; // taken in and not yet taken by the browser
const RETRY_S = [1, 30];

// One of each family that a node sends; profile and level are not compared.
const CODECS = ['avc1.640029', 'hvc1.1.6.L153.B0', 'av01.0.08M.08', 'mp4a.40.2', 'opus', 'mp4a.6B'];

const OFFLINE = 'The stream is offline: nobody sends it now.';

const Source = self.MediaSource ?? self.ManagedMediaSource; // the second on phones that lack the first

const playable = codec => Source.isTypeSupported(`video/mp4; codecs="${codec}"`);

// Seconds until the next attempt: doubled each time, and spread, because all viewers of a stream lose it at once.
function backOff(attempt, atLeast = 0) {
  const [least, most] = RETRY_S;
  return Math.max(atLeast, Math.min(most, least * 2 ** attempt)) * (1 + Math.random() / 2);
}

const delay = ms => new Promise(resolve => { setTimeout(resolve, ms); });

const hasOwnHls = video => video.canPlayType('application/vnd.apple.mpegurl') !== '';

// How long from `time` on the buffered media go without a gap.
function bufferedAfter(ranges, time) {
  for (let i = 0; i < ranges.length; i++) {
    if (ranges.start(i) <= time && time < ranges.end(i)) return ranges.end(i) - time;
  }
  return 0;
}

// fMP4 over one WebSocket into one MediaSource. `ended(reason, text)` is called once, unless close() was before: "lost",
// "codec", "media", or "paused" when the node does not wait any longer.
class MsePlayback {
  opened = false;
  #video;
  #ended;
  #source = new Source();
  #place = URL.createObjectURL(this.#source);
  #socket;
  #buffer = null;
  #queue = []; // media, and types between them
  #queued = 0; // bytes
  #lastMedia = performance.now();
  #target = TARGET_S;
  #paused = false;
  #skip = false;
  #done = false;

  constructor(video, url, ended) {
    this.#video = video;
    this.#ended = ended;
    this.#source.addEventListener('sourceopen', () => {
      URL.revokeObjectURL(this.#place);
      this.#feed();
    });
    video.disableRemotePlayback = true; // which ManagedMediaSource demands
    this.#connect(new URL(url));
    video.src = this.#place;
  }

  #connect(url) {
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('codecs', CODECS.filter(playable).join(','));
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => {
      this.opened = true;
      if (this.#paused) this.#say('pause');
    };
    this.#socket.onmessage = ({ data }) => (typeof data === 'string' ? this.#hear(data) : this.#take(data));
    this.#socket.onclose = () => this.#end('lost', '');
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
      this.#queue.push(String(said.value));
      this.#feed();
    } else if (said?.type === 'error' && said.code === 'codec_not_supported') {
      this.#end('codec', String(said.value));
    } else if (said?.type === 'error' && said.code === 'paused_too_long') {
      this.#end('paused', '');
    }
  }

  #take(media) {
    this.#lastMedia = performance.now();
    this.#queue.push(media);
    this.#queued += media.byteLength;
    if (this.#queued > QUEUE_BYTES) return this.#end('media', 'The browser does not keep up.');
    this.#feed();
  }

  #feed() {
    while (!this.#done && this.#queue.length && this.#source.readyState === 'open' && !this.#buffer?.updating) {
      if (this.#trim(KEEP_S)) return;
      const next = this.#queue[0];
      try {
        if (typeof next === 'string') this.#useType(next);
        else this.#append(next);
        this.#queue.shift();
      } catch (error) {
        this.#refused(error, next);
        return;
      }
    }
  }

  #useType(type) {
    if (this.#buffer) return this.#buffer.changeType(type);
    this.#buffer = this.#source.addSourceBuffer(type);
    this.#buffer.addEventListener('updateend', () => {
      this.follow();
      this.#feed();
    });
    this.#buffer.addEventListener('error', () => this.#end('media', 'The browser cannot decode the stream.'));
  }

  #append(media) {
    this.#buffer.appendBuffer(media);
    this.#queued -= media.byteLength;
  }

  #refused(error, what) {
    if (error.name === 'QuotaExceededError' && this.#trim(1)) return;
    if (typeof what === 'string') this.#end('codec', `the stream is ${what}`);
    else this.#end('media', 'The browser takes no more of the stream.');
  }

  // Forgets what was played longer ago than `keep`; says whether that is under way now.
  #trim(keep) {
    const ranges = this.#buffer?.buffered;
    const until = this.#video.currentTime - keep;
    if (!ranges?.length || until - ranges.start(0) < Math.min(keep, 5)) return false;
    this.#buffer.remove(0, until);
    return true;
  }

  get behind() {
    const { buffered, currentTime } = this.#video;
    return buffered.length ? Math.max(0, buffered.end(buffered.length - 1) - currentTime) : null;
  }

  // Keeps to the live edge: over gaps, by rate while it is near, by a jump when it is not.
  follow() {
    const { buffered, currentTime } = this.#video;
    if (!buffered.length || this.#paused || this.#done) return;
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

  tick() {
    this.follow();
    const silent = performance.now() - this.#lastMedia;
    if (!this.#paused && silent > SILENCE_MS) this.#end('lost', '');
  }

  stalled() {
    this.#target = Math.min(TARGET_MOST_S, this.#target + 0.25);
  }

  pause() {
    this.#paused = true;
    this.#say('pause');
  }

  live() {
    this.#paused = false;
    this.#skip = true;
    this.#lastMedia = performance.now();
    this.#say('live');
  }

  #say(type) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type }));
  }

  #end(reason, text) {
    if (this.#done) return;
    this.close();
    this.#ended(reason, text);
  }

  close() {
    this.#done = true;
    this.#queue = [];
    URL.revokeObjectURL(this.#place);
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
    this.#video.playbackRate = 1;
  }
}

// HLS by the browser itself, in the same shape.
class HlsPlayback {
  opened = true;
  #video;
  #listening = new AbortController();

  constructor(video, url, ended) {
    this.#video = video;
    video.addEventListener('error', () => {
      this.close();
      ended(video.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED ? 'codec' : 'lost', '');
    }, { signal: this.#listening.signal });
    video.src = url;
  }

  get behind() {
    const { seekable, currentTime } = this.#video;
    return seekable.length ? Math.max(0, seekable.end(seekable.length - 1) - currentTime) : null;
  }

  // The browser keeps its own distance; only one that has fallen out of the window is helped.
  tick() {
    if (!this.#video.paused && this.behind > 30) this.live();
  }

  live() {
    const { seekable } = this.#video;
    if (seekable.length) this.#video.currentTime = Math.max(seekable.start(0), seekable.end(seekable.length - 1) - 2);
  }

  stalled() {}
  pause() {}

  close() {
    this.#listening.abort();
  }
}

const STYLE = `
:host { display: flex; flex-direction: column; background: #111; color: #eee; font: 16px/1.4 system-ui, sans-serif; }
:host([hidden]) { display: none; }
video { flex: 1 1 auto; min-height: 0; width: 100%; aspect-ratio: 16 / 9; object-fit: contain; background: #000; }
:host([data-page]) video { aspect-ratio: auto; }
.bar { flex: none; display: flex; flex-wrap: wrap; align-items: center; gap: .5em; padding: .5em; }
button { font: inherit; color: inherit; background: #333; border: 1px solid #777; border-radius: .4em;
  padding: .4em .8em; min-width: 5.5em; min-height: 2.75em; cursor: pointer; }
button:hover { background: #444; }
button:focus-visible { outline: 3px solid #6cf; outline-offset: 2px; }
.state { flex: 1 1 12em; margin: 0; overflow-wrap: anywhere; }
.state::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .5em; border-radius: 50%;
  background: #999; }
:host([data-state="live"]) .state::before { background: #4d4; }
:host([data-state="refused"]) .state::before, :host([data-state="waiting"]) .state::before { background: #f66; }
.figures { margin: 0; color: #bbb; font-variant-numeric: tabular-nums; }
@media (prefers-reduced-motion: no-preference) {
  :host([data-state="connecting"]) .state::before, :host([data-state="stalled"]) .state::before {
    animation: breathe 1.2s ease-in-out infinite alternate; }
  @keyframes breathe { to { opacity: .2; } }
}
@media (max-width: 30em) { .state { order: -1; flex-basis: 100%; } }
@media (max-height: 15em) {
  .bar { flex-wrap: nowrap; padding: .2em; }
  .state { order: 0; flex-basis: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  .figures { display: none; }
  button { min-width: 0; min-height: 2em; padding: .1em .5em; }
}
`;

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

class SluicePlayer extends HTMLElement {
  static observedAttributes = ['src', 'data-stream'];

  accessToken = ''; // goes into media URLs, and nowhere else
  #video = make('video', { muted: true, autoplay: true, playsInline: true });
  #playButton = make('button', { type: 'button', onclick: () => (this.#wanted ? this.pause() : this.play()) });
  #muteButton = make('button', { type: 'button', onclick: () => { this.#video.muted = !this.#video.muted; } });
  #fullButton = make('button', { type: 'button', textContent: 'Full screen', onclick: () => this.#toggleFull() });
  #stateText = make('p', { className: 'state' });
  #figures = make('p', { className: 'figures' });
  #playback = null;
  #wanted = true; // to play
  #native = false; // HLS, because the other way does not go
  #attempts = 0;
  #unopened = 0; // attempts in a row whose WebSocket did not open though the stream was there
  #generation = 0; // of attempts: what comes late from an old one is passed over
  #retry = null;
  #ticking = null;
  #liveSince = 0; // of this connection; 0: it has shown nothing
  #lastTime = 0;
  #stalls = 0;
  #refusal = ''; // why the first way did not go
  #seen = false; // the stream has played here

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    this.#stateText.setAttribute('role', 'status');
    this.#stateText.setAttribute('aria-live', 'polite');
    const bar = make('div', { className: 'bar' }, this.#playButton, this.#muteButton, this.#fullButton, this.#stateText,
      this.#figures);
    bar.setAttribute('role', 'group');
    bar.setAttribute('aria-label', 'Player');
    root.append(this.#video, bar);
    this.#listen();
  }

  #listen() {
    this.#video.addEventListener('volumechange', () => this.#label());
    this.#video.addEventListener('waiting', () => this.#onWaiting());
    this.#video.addEventListener('pause', () => {
      // By a media key, and not by the browser, which pauses what leaves the document.
      if (this.isConnected && this.#playback && this.state === 'live' && !document.hidden && this.#wanted) this.pause();
    });
    this.addEventListener('keydown', event => {
      if (event.repeat || !event.key || event.ctrlKey || event.altKey || event.metaKey) return;
      const button = { k: this.#playButton, m: this.#muteButton, f: this.#fullButton }[event.key.toLowerCase()];
      button?.click();
    });
    this.#label();
  }

  // A page that was hidden may have been stopped by the browser.
  #onVisible = () => {
    if (document.hidden || !this.#wanted || !this.#playback) return;
    this.#playback.tick();
    this.#start();
  };

  get state() { return this.dataset.state ?? ''; }
  get latency() { return this.#playback?.behind ?? null; } // seconds behind the live edge
  get stalls() { return this.#stalls; }

  connectedCallback() {
    document.addEventListener('visibilitychange', this.#onVisible);
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#restart();
  }

  disconnectedCallback() {
    document.removeEventListener('visibilitychange', this.#onVisible);
    clearInterval(this.#ticking);
    this.#stop();
    this.#letGo();
  }

  attributeChangedCallback() {
    this.#seen = false;
    if (this.state === 'refused') this.#wanted = true; // that was the other stream
    if (this.isConnected && this.#ticking !== null) this.#restart();
  }

  play() {
    this.#wanted = true;
    this.#label();
    if (!this.isConnected) return;
    if (!this.#playback) return this.#restart();
    this.#playback.live();
    this.#show('connecting', 'Going to the live picture…');
    this.#start();
  }

  pause() {
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#label();
    this.#playback?.pause();
    this.#video.pause();
    this.#show('paused', 'Paused.');
  }

  // The URL of the stream in one of its formats. A relative one belongs to the node that this script came from.
  #url(suffix) {
    const path = this.getAttribute('src') ?? `/${this.dataset.stream ?? ''}`;
    const url = new URL(path, import.meta.url);
    if (!/^https?:$/.test(url.protocol)) throw new TypeError('not an address of HTTP');
    const token = this.accessToken ||
      ('page' in this.dataset ? new URLSearchParams(location.search).get('access_token') : '');
    if (token) url.searchParams.set('access_token', token);
    url.pathname += suffix;
    url.hash = '';
    return url;
  }

  #name() {
    const path = this.#url('').pathname.slice(1);
    try {
      return decodeURIComponent(path);
    } catch {
      return path;
    }
  }

  #restart() {
    this.#native = !Source;
    this.#refusal = '';
    this.#attempts = this.#unopened = this.#stalls = 0;
    if (this.#wanted) return this.#connect();
    this.#stop();
    this.#show('paused', 'Paused.');
  }

  #stop() {
    clearTimeout(this.#retry);
    this.#generation++;
    this.#playback?.close();
    this.#playback = null;
  }

  #connect() {
    this.#stop();
    this.#liveSince = 0;
    let url;
    try {
      url = this.#url(this.#native ? '/index.m3u8' : '.mp4');
    } catch {
      return this.#refuse('The address of the stream is not one.');
    }
    if (this.#native && !hasOwnHls(this.#video)) {
      return this.#refuse('This browser plays neither MediaSource nor HLS.');
    }
    const name = this.#name();
    this.#video.setAttribute('aria-label', `Live picture of ${name}`);
    this.#show('connecting', `Connecting to ${name}…`);
    const generation = this.#generation;
    const ended = (reason, text) => {
      if (generation === this.#generation) this.#onEnd(reason, text);
    };
    const Playback = this.#native ? HlsPlayback : MsePlayback;
    try {
      this.#playback = new Playback(this.#video, url.href, ended);
    } catch (error) {
      return this.#refuse(`The browser does not connect to the stream (${error.name}).`);
    }
    this.#start();
  }

  // Autoplay may be forbidden even without sound.
  #start() {
    this.#video.play().catch(error => {
      if (error.name !== 'NotAllowedError' || !this.#wanted) return;
      this.pause();
      this.#show('paused', 'The browser waits for you: press Play.');
    });
  }

  async #onEnd(reason, text) {
    const opened = this.#playback?.opened;
    if (this.#liveSince && performance.now() - this.#liveSince > 5000) this.#attempts = 0;
    this.#stop();
    if (!this.#wanted) return; // paused, and Play connects again
    if (reason === 'codec' && !this.#native && hasOwnHls(this.#video)) {
      this.#native = true;
      this.#refusal = text;
      return this.#connect();
    }
    const generation = this.#generation;
    if (reason !== 'codec') await delay(1000 * Math.random()); // not everybody asks at once
    const { status, retryAfter } = await this.#ask();
    if (generation !== this.#generation || !this.#wanted) return;
    if (reason === 'codec' && status === 200) {
      const detail = text || this.#refusal;
      return this.#refuse(`This browser cannot play the stream's codecs${detail && ` (${detail})`}.`);
    }
    this.#unopened = !opened && status === 200 ? this.#unopened + 1 : 0;
    if (this.#unopened >= 3 && hasOwnHls(this.#video)) this.#native = true; // something on the way lets no WebSocket through
    this.#retryLater(this.#reason(status) || text || 'The connection was lost.', retryAfter);
  }

  // A WebSocket does not tell why it was refused; HEAD does.
  async #ask() {
    try {
      const answer = await fetch(this.#url('.mp4'), { method: 'HEAD', cache: 'no-store', credentials: 'omit',
        signal: AbortSignal.timeout(10000) });
      return { status: answer.status, retryAfter: Number(answer.headers.get('Retry-After')) || 0 };
    } catch {
      return { status: 0, retryAfter: 0 };
    }
  }

  #reason(status) {
    switch (status) {
      case 200: return '';
      case 0: return 'The node cannot be reached.';
      case 401: case 403: return 'You are not allowed to watch this stream.';
      case 404: case 400: return this.#seen ? OFFLINE : `There is no stream named ${this.#name()}.`;
      case 406: return 'The stream has no picture or sound that a browser can play.';
      case 503: return OFFLINE;
      default: return `The node refuses the stream (${status}).`;
    }
  }

  #retryLater(text, atLeast) {
    const wait = backOff(this.#attempts++, atLeast);
    this.#show('waiting', `${text} Trying again in ${Math.round(wait)} s.`);
    this.#retry = setTimeout(() => this.#connect(), wait * 1000);
  }

  #tick() {
    this.#playback?.tick();
    const time = this.#video.currentTime;
    const moves = time !== this.#lastTime && this.#video.readyState >= 3 && !this.#video.paused;
    this.#lastTime = time;
    if (this.#playback && this.#wanted && moves && this.state !== 'live') {
      this.#seen = true;
      this.#liveSince ||= performance.now();
      this.#show('live', 'Live.');
    }
    const behind = this.state === 'live' ? this.latency : null;
    const words = behind === null ? [] : [`${behind.toFixed(1)} s behind live`];
    if (this.#stalls) words.push(this.#stalls === 1 ? '1 stall' : `${this.#stalls} stalls`);
    this.#figures.textContent = words.join(' · ');
  }

  #onWaiting() {
    if (this.state !== 'live' || this.#video.seeking || !this.#wanted) return;
    this.#stalls++;
    this.#playback?.stalled();
    this.#show('stalled', 'Waiting for the picture…');
  }

  #toggleFull() {
    if (document.fullscreenElement) return document.exitFullscreen();
    if (this.requestFullscreen) return this.requestFullscreen().catch(() => {});
    return this.#video.webkitEnterFullscreen?.(); // phones that show only a video so
  }

  #label() {
    this.#playButton.textContent = this.#wanted ? 'Pause' : 'Play';
    this.#muteButton.textContent = this.#video.muted ? 'Unmute' : 'Mute';
  }

  // For good, until somebody presses Play.
  #refuse(text) {
    this.#wanted = false;
    this.#stop();
    this.#letGo();
    this.#label();
    this.#show('refused', text);
  }

  // The browser keeps, and fetches, for as long as the video has a source.
  #letGo() {
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #show(state, text) {
    this.dataset.state = state;
    if (this.#stateText.textContent !== text) this.#stateText.textContent = text;
    this.dispatchEvent(new CustomEvent('sluice-state', { detail: { state, text } }));
  }
}

if (!customElements.get('sluice-player')) customElements.define('sluice-player', SluicePlayer);

export { SluicePlayer };
