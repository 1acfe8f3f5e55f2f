// SPDX-License-Identifier: Apache-2.0
// The ways in which a stream may come, the best first, and which of them is taken.
import { FlvPlayback } from './flv.js';
import { HlsJsPlayback, OwnHlsPlayback, hasOwnHls } from './hls.js';
import { hasLibrary } from './libraries.js';
import { MsePlayback, Source } from './mse.js';

// suffix: of the stream's URL; asked: that whose HEAD tells whether the stream is there in this container. Those by
// MediaSource all have the same decoders.
const WAYS = [
  { name: 'ws-fmp4', Playback: MsePlayback, suffix: '.mp4', asked: '.mp4', byMediaSource: true },
  { name: 'hls', Playback: HlsJsPlayback, suffix: '/index.m3u8', asked: '.mp4', byMediaSource: true, library: 'hls' },
  { name: 'hls', Playback: OwnHlsPlayback, suffix: '/index.m3u8', asked: '.mp4', usable: hasOwnHls },
  { name: 'http-flv', Playback: FlvPlayback, suffix: '.flv', asked: '.flv', byMediaSource: true, library: 'mpegts' },
  { name: 'ws-flv', Playback: FlvPlayback, suffix: '.flv', asked: '.flv', byMediaSource: true, library: 'mpegts',
    websocket: true },
];

export const TRANSPORTS = {
  '': 'Automatic', 'ws-fmp4': 'WebSocket', 'hls': 'HLS', 'http-flv': 'FLV', 'ws-flv': 'FLV over WebSocket',
};

function usableWays(video) {
  const usable = way => (!way.byMediaSource || Source) && (!way.library || hasLibrary(way.library)) && (way.usable?.(video) ?? true);
  return WAYS.filter(usable);
}

export const usableTransports = video => new Set(usableWays(video).map(way => way.name));

// What is tried: all ways that this browser has, or only those of one transport.
export class Choice {
  #ways;
  #at = 0;

  constructor(video, transport) {
    this.#ways = usableWays(video).filter(way => !transport || way.name === transport);
  }

  get way() { return this.#ways[this.#at] ?? null; }

  // Goes on to the next way that may do better, if there is one. Where the decoder is missing, MediaSource is no help.
  next(reason) {
    const at = this.#ways.findIndex((way, i) => i > this.#at && !(reason === 'codec' && way.byMediaSource));
    if (at > 0) this.#at = at;
    return at > 0;
  }

  first() { this.#at = 0; }
}
