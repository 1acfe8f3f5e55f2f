// SPDX-License-Identifier: Apache-2.0
// What the element looks like.
export const STYLE = `
:host { display: flex; flex-direction: column; background: var(--back); color: var(--ink); font: 16px/1.4 system-ui, sans-serif;
  color-scheme: light dark; --back: #fff; --ink: #1a1a1a; --quiet: #555; --control: #eee; --control-hover: #ddd; --line: #767676;
  --focus: #05c; --good: #178217; --bad: #c62828; }
@media (prefers-color-scheme: dark) {
  :host { --back: #111; --ink: #eee; --quiet: #bbb; --control: #333; --control-hover: #444; --line: #888; --focus: #6cf;
    --good: #4d4; --bad: #f66; }
}
:host([hidden]) { display: none; }
video { flex: 1 1 auto; min-height: 0; width: 100%; aspect-ratio: 16 / 9; object-fit: contain; background: #000; }
:host([data-page]) video { aspect-ratio: auto; }
.bar { flex: none; display: flex; flex-wrap: wrap; align-items: center; gap: .5em; padding: .5em;
  padding-bottom: max(.5em, env(safe-area-inset-bottom)); }
button, select { font: inherit; color: inherit; background: var(--control); border: 1px solid var(--line); border-radius: .4em;
  padding: .4em .8em; min-width: 5.5em; min-height: 2.75em; cursor: pointer; touch-action: manipulation; }
button:hover, select:hover { background: var(--control-hover); }
button:focus-visible, select:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
select { max-width: 10em; }
.state { flex: 1 1 12em; margin: 0; overflow-wrap: anywhere; }
.state::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .5em; border-radius: 50%;
  background: var(--line); }
:host([data-state="live"]) .state::before { background: var(--good); }
:host([data-state="refused"]) .state::before, :host([data-state="waiting"]) .state::before { background: var(--bad); }
.figures { margin: 0; color: var(--quiet); font-variant-numeric: tabular-nums; }
@media (prefers-reduced-motion: no-preference) {
  :host([data-state="connecting"]) .state::before, :host([data-state="stalled"]) .state::before {
    animation: breathe 1.2s ease-in-out infinite alternate; }
  @keyframes breathe { to { opacity: .2; } }
}
@media (max-width: 30em) { .state { order: -1; flex-basis: 100%; } }
@media (max-height: 15em) {
  .bar { flex-wrap: nowrap; padding: .2em; }
  .state { order: 0; flex-basis: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  .figures, select { display: none; }
  button { min-width: 0; padding: .1em .5em; }
}
@media (max-height: 15em) and (pointer: fine) { button { min-height: 2em; } }
`;
