// SPDX-License-Identifier: Apache-2.0
// <sluice-player src="/S/C">: plays a stream of a Sluice node, close to its live edge, in the best way that goes
// (transports.js). docs/player.md says how to embed it. Texts from anywhere get into the page as text only, and the access
// token gets nowhere but into media URLs.
import { STYLE } from './look.js';
import { Choice, TRANSPORTS, usableTransports } from './transports.js';

const TICK_MS = 250;
const RETRY_S = [1, 30];
const STEADY_MS = 5000; // pictures for so long, and a way has proved that it goes
const FRUITLESS_MOST = 2; // attempts in a row that led to nothing though the stream was there: then another way

const OFFLINE = 'The stream is offline: nobody sends it now.';
const NO_WAY = 'This browser plays neither MediaSource nor HLS.';
const NOT_HERE = 'This transport does not go in this browser, or is not built into this node.';

// Seconds until the next attempt: doubled each time, and spread, because all viewers of a stream lose it at once.
function backOff(attempt, atLeast = 0) {
  const [least, most] = RETRY_S;
  return Math.max(atLeast, Math.min(most, least * 2 ** attempt)) * (1 + Math.random() / 2);
}

const delay = ms => new Promise(resolve => { setTimeout(resolve, ms); });

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

class SluicePlayer extends HTMLElement {
  static observedAttributes = ['src', 'data-stream', 'transport'];

  accessToken = ''; // goes into media URLs, and nowhere else
  #video = make('video', { muted: true, autoplay: true, playsInline: true });
  #playButton = make('button', { type: 'button', ariaKeyShortcuts: 'k', onclick: () => (this.#wanted ? this.pause() : this.play()) });
  #muteButton = make('button', { type: 'button', ariaKeyShortcuts: 'm', onclick: () => { this.#video.muted = !this.#video.muted; } });
  #fullButton = make('button', { type: 'button', ariaKeyShortcuts: 'f', textContent: 'Full screen',
    onclick: () => this.#toggleFull() });
  #menu = make('select', { onchange: () => this.setAttribute('transport', this.#menu.value) });
  #stateText = make('p', { className: 'state' });
  #figures = make('p', { className: 'figures' });
  #playback = null;
  #wanted = true; // to play
  #choice = null; // of the ways to play
  #attempts = 0;
  #fruitless = 0; // attempts in a row that led to nothing
  #generation = 0; // of attempts: what comes late from an old one is passed over
  #retry = null;
  #ticking = null;
  #liveSince = 0; // of this connection; 0: it has shown nothing
  #lastTime = 0;
  #stalls = 0;
  #refusal = ''; // why the first way that was refused did not go
  #seen = false; // the stream has played here

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    this.#stateText.setAttribute('role', 'status');
    this.#stateText.setAttribute('aria-live', 'polite');
    const bar = make('div', { className: 'bar' }, this.#playButton, this.#muteButton, this.#fullButton, this.#menu,
      this.#stateText, this.#figures);
    bar.setAttribute('role', 'group');
    bar.setAttribute('aria-label', 'Player');
    this.#menu.setAttribute('aria-label', 'Transport');
    root.append(this.#video, bar);
    this.#listen();
  }

  #listen() {
    this.#video.addEventListener('volumechange', () => this.#label());
    this.#video.addEventListener('loadedmetadata', () => this.#wanted && this.#playback && this.#start());
    this.#video.addEventListener('waiting', () => this.#onWaiting());
    this.#video.addEventListener('pause', () => {
      // By a media key, and not by the browser, which pauses what leaves the document.
      if (this.isConnected && this.#playback && this.state === 'live' && !document.hidden && this.#wanted) this.pause();
    });
    this.addEventListener('keydown', event => {
      if (event.composedPath()[0] === this.#menu) return; // it looks for its entries by letters
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
  get transport() { return this.#choice?.way?.name ?? ''; } // that is used, or tried

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

  // What is asked for on the page itself belongs to it; an embedding page has attributes and properties.
  #asked(name) {
    return ('page' in this.dataset && new URLSearchParams(location.search).get(name)) || '';
  }

  get #asksFor() {
    const name = this.getAttribute('transport') ?? this.#asked('transport');
    return Object.hasOwn(TRANSPORTS, name) ? name : '';
  }

  // The URL of the stream in one of its formats. A relative one belongs to the node that this script came from.
  #url(suffix, websocket = false) {
    const path = this.getAttribute('src') ?? `/${this.dataset.stream ?? ''}`;
    const url = new URL(path, import.meta.url);
    if (!/^https?:$/.test(url.protocol)) throw new TypeError('not an address of HTTP');
    const wishes = { access_token: this.accessToken || this.#asked('access_token'), rendition: this.#asked('rendition') };
    for (const [name, value] of Object.entries(wishes)) {
      if (value) url.searchParams.set(name, value);
    }
    url.pathname += suffix;
    url.hash = '';
    if (websocket) url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
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
    this.#choice = new Choice(this.#video, this.#asksFor);
    this.#refusal = '';
    this.#attempts = this.#fruitless = this.#stalls = 0;
    this.#offer();
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
    const { way } = this.#choice;
    if (!way) return this.#refuse(this.#asksFor ? NOT_HERE : NO_WAY);
    let url;
    try {
      url = this.#url(way.suffix, way.websocket);
    } catch {
      return this.#refuse('The address of the stream is not one.');
    }
    const name = this.#name();
    this.#video.setAttribute('aria-label', `Live picture of ${name}`);
    this.#show('connecting', `Connecting to ${name}…`);
    const generation = this.#generation;
    const ended = (reason, text) => {
      if (generation === this.#generation) this.#onEnd(reason, text);
    };
    try {
      this.#playback = new way.Playback(this.#video, url.href, ended);
    } catch (error) {
      return void this.#onEnd('missing', `the browser does not connect: ${error.name}`);
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
    const steady = this.#liveSince && performance.now() - this.#liveSince > STEADY_MS;
    if (steady) this.#attempts = 0;
    this.#stop();
    if (!this.#wanted) return; // paused, and Play connects again
    if (this.#goesOn(reason, text)) return;
    const generation = this.#generation;
    if (reason === 'lost') await delay(1000 * Math.random()); // not everybody asks at once
    const { status, retryAfter } = await this.#ask();
    if (generation !== this.#generation || !this.#wanted) return;
    if (status === 406 && this.#goesOn('container', '')) return;
    if (status === 200 && (reason === 'codec' || reason === 'missing')) return this.#refuse(this.#why(reason));
    this.#fruitless = status === 200 && !steady ? this.#fruitless + 1 : 0;
    if (this.#fruitless >= FRUITLESS_MOST) this.#tryAnother();
    this.#retryLater(this.#reason(status) || text || 'The connection was lost.', retryAfter);
  }

  // At once to another way, where this one cannot go whatever happens.
  #goesOn(reason, text) {
    if (!['codec', 'missing', 'container'].includes(reason)) return false;
    this.#refusal ||= text;
    if (!this.#choice.next(reason)) return false;
    this.#connect();
    return true;
  }

  // Something between the browser and the node may be in the way of one transport, such as WebSocket.
  #tryAnother() {
    this.#fruitless = 0;
    if (!this.#choice.next('lost')) this.#choice.first();
  }

  #why(reason) {
    const detail = this.#refusal && ` (${this.#refusal})`;
    return reason === 'codec' ? `This browser cannot play the stream's codecs${detail}.` : `This transport does not go${detail}.`;
  }

  // A WebSocket does not tell why it was refused; HEAD does.
  async #ask() {
    try {
      const answer = await fetch(this.#url(this.#choice.way.asked), { method: 'HEAD', cache: 'no-store', credentials: 'omit',
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
      this.#show('live', ['Live.', ...this.#playback.notes].join(' '));
    }
    const behind = this.state === 'live' ? this.latency : null;
    const words = behind === null ? [] : [`${behind.toFixed(1)} s behind live`];
    if (this.state === 'live') words.unshift(TRANSPORTS[this.transport]);
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

  // The menu of transports; those that do not go here cannot be chosen.
  #offer() {
    const usable = usableTransports(this.#video);
    this.#menu.replaceChildren(...Object.entries(TRANSPORTS).map(([value, text]) =>
      make('option', { value, text, disabled: value !== '' && !usable.has(value) })));
    this.#menu.value = this.#asksFor;
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
