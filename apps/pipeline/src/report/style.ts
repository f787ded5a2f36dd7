import { GROUND, SERIES } from './palette.js';

/** Colours as custom properties that follow the reader's light or dark mode; printed in light. */
function colours(): string {
  const named = Object.entries(GROUND).map(
    ([name, { light, dark }]) => `--${name}: light-dark(${light}, ${dark});`,
  );
  const series = SERIES.map(
    ({ light, dark }, i) => `.series-${i} { --series: light-dark(${light}, ${dark}); }`,
  );
  return `:root { color-scheme: light dark; ${named.join(' ')} }\n${series.join('\n')}`;
}

/** The page's style sheet. */
export const STYLE = `
${colours()}
* { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, sans-serif; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 76rem; background: var(--page); color: var(--ink); }
h1 { margin: 0; font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.2; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 2.25rem 0 0.6rem; font-size: 1.35rem; line-height: 1.25; }
h3 { margin: 0; font-size: 1rem; line-height: 1.35; overflow-wrap: anywhere; }
p { margin: 0.5rem 0; max-width: 48rem; }
a { color: inherit; }
:focus-visible { outline: 3px solid light-dark(#0062a8, #62b5f0); outline-offset: 2px; }
code { font: 0.8em/1.4 ui-monospace, monospace; color: var(--muted); overflow-wrap: anywhere; }
h3 code { font-weight: normal; }
.title { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0.5rem 2rem; }
nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
.verdict { max-width: none; margin: 0.5rem 0 1rem; padding: 0.6rem 1rem; border-left: 4px solid light-dark(#0062a8, #62b5f0); background: var(--card); }
.note, figcaption, .meaning, .n, .interval95 { color: var(--muted); }
.note { font-size: 0.875rem; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0 1.25rem; margin: 0.75rem 0 0; font-size: 0.9375rem; }
dl.facts dt { color: var(--muted); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }

.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding: 0 0 0.35rem; text-align: left; font-weight: 600; }
th, td { padding: 0.3rem 0.9rem 0.3rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-top: 0; font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 500; }
tr.part th:first-child { padding-left: 1.25rem; }
tr.further { font-size: 0.8125rem; }
tr.further th { padding-left: 1.25rem; color: var(--muted); }
.scores th[scope='row'] code { display: block; }
.scores td { white-space: nowrap; }
.scores td b { font-size: 1.15em; }
.interval95, .n, .meaning { display: block; font-size: 0.8rem; line-height: 1.4; }
.key { width: 0.85em; height: 0.85em; margin-right: 0.4em; vertical-align: -0.05em; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 2.5rem; align-items: start; }
.columns table { width: 100%; }
.columns td { text-align: right; padding-right: 0; }
.columns thead th:last-child { text-align: right; padding-right: 0; }

figure { margin: 0; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 0.75rem; margin: 1rem 0; align-content: start; }
.overview { display: grid; gap: 0 2.5rem; }
@media (min-width: 64rem) { .overview { grid-template-columns: max-content minmax(0, 1fr); } }
.plots figure, article { padding: 0.9rem 1rem; border: 1px solid var(--line); border-radius: 10px; background: var(--card); break-inside: avoid; }
.plots figcaption { color: var(--ink); font-weight: 600; }
.plot { display: block; width: 100%; height: auto; overflow: visible; color: var(--ink); fill: currentColor; font: 11px system-ui, sans-serif; }
.plot text { fill: currentColor; stroke: none; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem 2rem; margin-top: 0.5rem; }
figure > .plot { max-width: 40rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; color: var(--ink); }
.chance { stroke: var(--muted); stroke-width: 1.5; stroke-dasharray: 4 3; }
.interval { stroke: var(--series); stroke-width: 3; stroke-linecap: round; }
.marker { fill: var(--series); stroke: none; }
.bar { fill: var(--series); }
.curve { fill: none; stroke: var(--series); stroke-width: 2; stroke-linejoin: round; }
.band { fill: var(--series); fill-opacity: 0.18; stroke: none; }

.browser { display: grid; grid-template: auto auto 1fr / minmax(16rem, 24rem) minmax(0, 1fr); gap: 0.5rem 1.25rem; margin: 1rem 0; }
[hidden] { display: none !important; }
.controls, .keys { grid-column: 1 / -1; margin: 0; max-width: none; }
.controls { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; }
.controls label, .sliders label { display: flex; align-items: center; gap: 0.4rem; font-size: 0.9rem; }
.controls input, .controls select { font: inherit; padding: 0.2rem 0.4rem; color: var(--ink); background: var(--page); border: 1px solid var(--muted); border-radius: 6px; max-width: 14rem; }
kbd { padding: 0 0.3em; border: 1px solid var(--muted); border-radius: 4px; font: inherit; }
.list { position: relative; height: 40rem; overflow-y: auto; contain: strict; border: 1px solid var(--line); border-radius: 10px; }
.list > div { position: relative; }
.list [role=option] { position: absolute; left: 0; right: 0; height: 46px; padding: 0.25rem 0.6rem; display: grid; grid-template: 1fr 1fr / 1.4rem minmax(0, 1fr); border-bottom: 1px solid var(--line); cursor: pointer; font-size: 0.8125rem; line-height: 19px; }
.list [aria-selected=true] { background: var(--card); box-shadow: inset 4px 0 light-dark(#0062a8, #62b5f0); }
.list .result { grid-row: 1 / -1; align-self: center; font-weight: 700; }
.list .asked, .list .name { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; unicode-bidi: isolate; }
.list .name { color: var(--muted); font-size: 0.75rem; }
.browser article { display: grid; align-content: start; gap: 0.75rem; }
.told p { margin: 0.4rem 0; }
.told table { margin: 0.6rem 0; }
.frame { position: relative; width: fit-content; max-width: 100%; }
.frame img { display: block; max-width: 100%; max-height: 26rem; min-width: min(100%, 18rem); height: auto; image-orientation: none; }
.frame .overlay { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.overlay rect { fill: #ff1493; stroke: #ff1493; stroke-opacity: 0.55; stroke-width: 1; vector-effect: non-scaling-stroke; print-color-adjust: exact; }
article:has(#show-regions:not(:checked)) .overlay { display: none; }
.sliders { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0.4rem 0; }
.sliders input { accent-color: light-dark(#b3005e, #ff6bb5); }
.sliders output { min-width: 5.5em; }
.picture figcaption { font-size: 0.8rem; }
.least { font-weight: 700; }
.data { unicode-bidi: isolate; white-space: pre-wrap; overflow-wrap: anywhere; }
.answers, .losses { font-size: 0.875rem; }
.answers td:last-child { white-space: nowrap; }
.right { color: var(--right); }
.wrong { color: var(--wrong); }

@media (max-width: 56rem) {
  .browser { grid-template: none / minmax(0, 1fr); }
  .list { height: 14rem; }
}
@media (max-width: 40rem) {
  body { padding: 1.25rem 1rem 3rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: 0.5rem; }
  th, td { padding-right: 0.4rem; }
  table { font-size: 0.8125rem; }
  tr.part th:first-child, tr.further th { padding-left: 0.6rem; }
  .scores tr.main code { display: none; }
  .scores .interval95, .scores .n { font-size: 0.7rem; letter-spacing: -0.02em; }
  .scores .key { display: block; margin: 0; }
}
@media print {
  :root { color-scheme: light; }
  body { padding: 0; max-width: none; font-size: 11pt; }
  nav, .controls, .keys, .list, .sliders, .file { display: none !important; }
  .browser { display: block; }
  h2, caption, thead { break-after: avoid; }
}
`;
