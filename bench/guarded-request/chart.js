// The figures as bars, in an SVG that is read on light and dark pages alike.

const [WIDTH, LEFT, RIGHT, TOP, ROW, BAR] = [900, 176, 190, 96, 44, 24];
const SPAN = WIDTH - LEFT - RIGHT;
/** Into how many parts the axis is divided, at most. */
const TICKS = 5;

/** @param {number} value */
const number = (value) => value.toLocaleString('en');

/** @param {import('./report.js').Report} report */
export function chart({ contenders, sessions, connections, rounds, seconds, machine, date }) {
  const rows = [...contenders].sort((a, b) => b.rps - a.rps);
  const step = niceStep(Math.max(...rows.map(({ most }) => most)) / TICKS);
  const end = Math.ceil(Math.max(...rows.map(({ most }) => most)) / step) * step;
  const x = (/** @type {number} */ value) => LEFT + (value / end) * SPAN;
  const bottom = TOP + rows.length * ROW;
  const height = bottom + 72;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  const title = 'Requests per second of a guarded request: token verified, session asked for in PostgreSQL';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
  <style>
    svg { color-scheme: light dark; }
    text { font: 13px system-ui, 'DejaVu Sans', sans-serif; fill: #1f2328; }
    .page { fill: #ffffff; stroke: #d1d9e0; }
    .title { font-size: 16px; font-weight: 600; }
    .quiet { fill: #59636e; font-size: 12px; }
    .bar { fill: #8c959f; }
    .figure { stroke: #ffffff; stroke-width: 4; paint-order: stroke; }
    .ours, .ours text { font-weight: 600; }
    .ours .bar { fill: #0969da; }
    .grid { stroke: #d1d9e0; }
    .spread { stroke: #1f2328; stroke-width: 1.5; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .page { fill: #0d1117; stroke: #3d444d; }
      .figure { stroke: #0d1117; }
      .quiet { fill: #9198a1; }
      .bar { fill: #656c76; }
      .ours .bar { fill: #1f6feb; }
      .grid { stroke: #3d444d; }
      .spread { stroke: #f0f6fc; }
    }
  </style>
  <rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8" />
  <text class="title" x="20" y="32">${title}</text>
  <text class="quiet" x="20" y="54">One process and ten database connections each, ${number(sessions)} sessions, ${connections} connections that ask;</text>
  <text class="quiet" x="20" y="72">medians of ${rounds} × ${seconds} s, a line from the least to the most. In brackets: how many times as fast Gatehouse is.</text>
${ticks.map((tick) => axis(x(tick), bottom, number(tick))).join('\n')}
  <text class="quiet" x="${WIDTH - RIGHT + 36}" y="${bottom + 18}">requests per second</text>
${rows.map((row, index) => bar(row, TOP + index * ROW + (ROW - BAR) / 2, x)).join('\n')}
  <text class="quiet" x="20" y="${height - 18}">${escaped(machine.processor)}, ${machine.processors} processors for everything, ${date}</text>
</svg>
`;
}

/** @param {number} x @param {number} bottom @param {string} label */
function axis(x, bottom, label) {
  const at = x.toFixed(1);
  return `  <line class="grid" x1="${at}" y1="${TOP}" x2="${at}" y2="${bottom}" />
  <text class="quiet" x="${at}" y="${bottom + 18}" text-anchor="middle">${label}</text>`;
}

/** @param {import('./summary.js').Row} row @param {number} y @param {(value: number) => number} x */
function bar({ name, rps, least, most, ratio }, y, x) {
  const [middle, text] = [y + BAR / 2, y + BAR / 2 + 4.5];
  const isOurs = name === 'gatehouse';
  const figure = isOurs || ratio === null ? number(rps) : `${number(rps)}  (${ratio.toFixed(ratio < 10 ? 2 : 1)} ×)`;
  return `  <g${isOurs ? ' class="ours"' : ''}>
    <text x="${LEFT - 12}" y="${text}" text-anchor="end">${escaped(name)}</text>
    <rect class="bar" x="${LEFT}" y="${y}" width="${(x(rps) - LEFT).toFixed(1)}" height="${BAR}" rx="2" />
    <line class="spread" x1="${x(least).toFixed(1)}" y1="${middle}" x2="${x(most).toFixed(1)}" y2="${middle}" />
    <text class="figure" x="${(x(most) + 10).toFixed(1)}" y="${text}">${figure}</text>
  </g>`;
}

/** 1, 2 or 5 with zeros, at least as great. @param {number} least */
export function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power;
}

/** @param {string} text */
export function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
