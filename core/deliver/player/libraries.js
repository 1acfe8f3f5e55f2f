// SPDX-License-Identifier: Apache-2.0
// The libraries that were built in, each fetched when it is needed first: name to path, which the build fills in.
const LIBRARIES = new Map(Object.entries(JSON.parse('{{libraries}}')));

export const hasLibrary = name => LIBRARIES.has(name);

// What the library exports. They come from the node that this script came from.
export async function loadLibrary(name) {
  const library = await import(new URL(LIBRARIES.get(name), import.meta.url));
  return library.default;
}
