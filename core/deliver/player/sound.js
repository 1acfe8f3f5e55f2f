// SPDX-License-Identifier: Apache-2.0
// Takes the sound out of fragmented MP4 (ISO/IEC 14496-12) for a browser that has no decoder for it, and would refuse the
// picture together with it. Nothing is moved: boxes of the sound become "free", which every reader passes over.

const HEADER = 8;
const CONTAINERS = ['moov', 'trak', 'mdia', 'mvex', 'moof', 'traf'];

// The boxes within [from, to) of a DataView: {type, at, from, to}, where `at` is the header and [from, to) the content.
function* boxes(view, from, to) {
  while (from + HEADER <= to) {
    const size = view.getUint32(from);
    const type = String.fromCharCode(...[4, 5, 6, 7].map(i => view.getUint8(from + i)));
    const whole = size === 1 && from + 2 * HEADER <= to ? Number(view.getBigUint64(from + HEADER)) : size || to - from;
    const content = from + (size === 1 ? 2 * HEADER : HEADER);
    const end = from + whole;
    if (end < content || end > to) return; // no box of ours
    yield { type, at: from, from: content, to: end };
    from = end;
  }
}

const free = (view, box) => [...'free'].forEach((letter, i) => view.setUint8(box.at + 4 + i, letter.charCodeAt()));

// All boxes of that type below a box.
function find(view, box, type) {
  const found = [];
  for (const child of boxes(view, box.from, box.to)) {
    if (child.type === type) found.push(child);
    else if (CONTAINERS.includes(child.type)) found.push(...find(view, child, type));
  }
  return found;
}

const isSound = (view, trak) => find(view, trak, 'hdlr').some(hdlr => view.getUint32(hdlr.from + 8) === 0x736f756e); // "soun"

// The field of a track's number: in tkhd it comes after two times, which version 1 has as 64 bits.
const trackOfHeader = (view, tkhd) => view.getUint32(tkhd.from + (view.getUint8(tkhd.from) === 1 ? 20 : 12));
const trackOfEntry = (view, box) => view.getUint32(box.from + 4); // of trex and tfhd

export class SoundRemover {
  #tracks = new Set(); // of sound, as the last init segment has them

  // Changes one message of whole segments in its place.
  remove(buffer) {
    const view = new DataView(buffer);
    let orphaned = false; // the media data that come next belong to sound alone
    for (const box of boxes(view, 0, view.byteLength)) {
      if (box.type === 'moov') this.#removeFromInit(view, box);
      if (box.type === 'moof') orphaned = this.#removeFromFragment(view, box);
      if (box.type === 'mdat' && orphaned) free(view, box);
    }
  }

  #removeFromInit(view, moov) {
    const traks = find(view, moov, 'trak').filter(trak => isSound(view, trak));
    this.#tracks = new Set(traks.flatMap(trak => find(view, trak, 'tkhd')).map(tkhd => trackOfHeader(view, tkhd)));
    const defaults = find(view, moov, 'trex').filter(trex => this.#tracks.has(trackOfEntry(view, trex)));
    for (const box of [...traks, ...defaults]) free(view, box);
  }

  // Says whether nothing is left of the fragment, which is taken out as a whole then: one without a track is malformed.
  #removeFromFragment(view, moof) {
    const trafs = find(view, moof, 'traf');
    const sound = trafs.filter(traf => find(view, traf, 'tfhd').some(tfhd => this.#tracks.has(trackOfEntry(view, tfhd))));
    const nothingLeft = sound.length === trafs.length;
    for (const box of nothingLeft ? [moof] : sound) free(view, box);
    return nothingLeft;
  }
}
