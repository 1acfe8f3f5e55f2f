// SPDX-License-Identifier: Apache-2.0
// Plays one URL in one of several ways and keeps account of what was really shown. play.mjs calls start, done and report.
'use strict';

const video = document.getElementById('video');
const account = {
  errors: [], notes: [], stalls: 0, backwards: 0, unreadable: 0, latencies: [], mime: null, lastClock: null,
};
const fail = (...what) => account.errors.push(what.map(String).join(' '));
const note = (...what) => account.notes.push(what.map(String).join(' '));

// The clock that clock.py paints: 20 blocks of 16 x 16 in the first row, the highest bit first. 16 bits are milliseconds
// of the publisher's wall clock, 4 are the sum of their nibbles and 5, so that neither black nor white is a time.
const BLOCK = 16, BITS = 20;
const canvas = document.createElement('canvas');
canvas.width = BLOCK * BITS;
canvas.height = BLOCK;
const pen = canvas.getContext('2d', { willReadFrequently: true });

function readClock() {
  pen.drawImage(video, 0, 0, canvas.width, BLOCK, 0, 0, canvas.width, BLOCK);
  const { data } = pen.getImageData(0, BLOCK / 2, canvas.width, 1);
  let word = 0;
  for (let i = 0; i < BITS; i++) word = word * 2 + (data[(i * BLOCK + BLOCK / 2) * 4] > 127 ? 1 : 0);
  const clock = word >> 4;
  const sum = (clock >> 12) + (clock >> 8 & 15) + (clock >> 4 & 15) + (clock & 15) + 5;
  return (sum & 15) === (word & 15) ? clock : null;
}

function onFrame() {
  const wall = Date.now();
  video.requestVideoFrameCallback(onFrame);
  const clock = readClock();
  if (clock === null) {
    account.unreadable++;
    return;
  }
  if (account.lastClock !== null && ((clock - account.lastClock) & 0xffff) >= 0x8000) account.backwards++;
  account.lastClock = clock;
  account.latencies.push((wall - clock) & 0xffff);
}

// mpegts.js, for FLV over HTTP and over WebSocket.
function playMpegts(url) {
  const player = mpegts.createPlayer({ type: 'flv', isLive: true, url },
    { enableWorker: false, enableStashBuffer: false, liveSync: true, liveSyncTargetLatency: 0.25, liveSyncMaxLatency: 0.5 });
  player.on(mpegts.Events.ERROR, (kind, detail, info) => fail('mpegts.js:', kind, detail, JSON.stringify(info)));
  player.attachMediaElement(video);
  player.load();
  player.play().catch(error => fail('play:', error));
}

// hls.js; a stall is counted by the element's own event, so its note about it is none of an error.
function playHls(url) {
  const player = new Hls({ lowLatencyMode: true, enableWorker: false });
  player.on(Hls.Events.ERROR, (_, data) => {
    const what = ['hls.js:', data.type, data.details, data.error ? data.error.message : ''];
    if (data.fatal || !/^buffer(Stalled|NudgeOn|SeekOver)/.test(data.details)) fail(...what);
    else note(...what);
  });
  player.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => {
    account.hls = {
      version: details.version, target: details.targetduration, partTarget: details.partTarget,
      latency: player.latency, wanted: player.targetLatency,
      parts: Math.max(account.hls ? account.hls.parts : 0, details.partList ? details.partList.length : 0),
      canBlockReload: details.canBlockReload,
    };
  });
  player.on(Hls.Events.FRAG_BUFFERED, (_, { part }) => {
    account.partsBuffered = (account.partsBuffered || 0) + (part ? 1 : 0);
  });
  player.loadSource(url);
  player.attachMedia(video);
  video.play().catch(error => fail('play:', error));
}

// fMP4 over WebSocket, as small as a page can be: the type comes first, as text, then media as it is, from the last key frame
// on. It begins 0.15 s before the end of that, and when it is more than 0.25 s behind it plays faster until it is 0.15 s
// behind. The two are apart because each change of speed costs Chromium's sound a moment: at one limit it would change with
// every picture, and fall behind for ever.
function playMse(url) {
  const source = new MediaSource(), queue = [];
  let buffer = null, joined = false;
  const feed = () => {
    if (buffer && !buffer.updating && queue.length) buffer.appendBuffer(queue.shift());
  };
  const follow = () => {
    const { buffered } = video;
    if (!buffered.length) return;
    const last = buffered.length - 1;
    const edge = buffered.end(last) - 0.15;
    if (!joined) video.currentTime = Math.max(buffered.start(last), edge);
    joined = true;
    if (video.currentTime < edge - 0.1) video.playbackRate = 1.2;
    else if (video.currentTime > edge) video.playbackRate = 1;
  };
  const open = type => {
    account.mime = type;
    if (buffer) return buffer.changeType(type);
    buffer = source.addSourceBuffer(type);
    buffer.addEventListener('error', () => fail('source buffer'));
    buffer.addEventListener('updateend', () => {
      follow();
      feed();
    });
  };
  source.addEventListener('sourceopen', () => {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') {
        if (!buffer) fail('media before the type');
        queue.push(data);
        return feed();
      }
      const said = JSON.parse(data);
      if (said.type === 'mse') open(said.value);
      else fail('the node says', data);
    };
    socket.onclose = event => fail('WebSocket closed:', event.code, event.reason);
  });
  video.src = URL.createObjectURL(source);
  video.play().catch(error => fail('play:', error));
}

const ways = { mpegts: playMpegts, hls: playHls, mse: playMse };
let begun = false, startedAt = 0;

window.start = (way, url) => {
  video.addEventListener('playing', () => { begun = true; });
  video.addEventListener('waiting', () => { account.stalls += begun ? 1 : 0; });
  video.addEventListener('error', () => fail('media element:', video.error.code, video.error.message));
  video.requestVideoFrameCallback(onFrame);
  startedAt = performance.now();
  ways[way](url);
};

// Seconds that were played; what was jumped over does not count.
function played() {
  let seconds = 0;
  for (let i = 0; i < video.played.length; i++) seconds += video.played.end(i) - video.played.start(i);
  return seconds;
}

window.done = seconds => account.errors.length > 0 || played() >= seconds;

function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share => sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : null;
  return { median: at(0.5), least: at(0), most: at(1) };
}

window.report = () => {
  const quality = video.getVideoPlaybackQuality(), { latencies } = account;
  return {
    wall_s: +((performance.now() - startedAt) / 1000).toFixed(2),
    played_s: +played().toFixed(2),
    frames_decoded: quality.totalVideoFrames,
    frames_dropped: quality.droppedVideoFrames,
    frames_with_clock: latencies.length,
    frames_unreadable: account.unreadable,
    steps_backwards: account.backwards,
    audio_bytes: video.webkitAudioDecodedByteCount,
    size: [video.videoWidth, video.videoHeight],
    stalls: account.stalls,
    latency_first_ms: latencies.length ? latencies[0] : null,
    latency_ms: summary(latencies.slice(Math.floor(latencies.length / 2))),
    mime: account.mime,
    hls: account.hls && { ...account.hls, partsBuffered: account.partsBuffered || 0 },
    notes: account.notes,
    errors: account.errors,
  };
};
