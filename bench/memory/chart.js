// Memory over time, in an SVG that is read on light and dark pages alike.
import { escaped, niceStep } from '../guarded-request/chart.js';

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [900, 380, 64, 24, 92, 64];
const SPAN = WIDTH - LEFT - RIGHT;
const RISE = HEIGHT - TOP - BOTTOM;
const TICKS = 5;
/** More points than the plot has pixels are nobody's gain. */
const POINTS = 800;

/**
 * @param {object} given
 * @param {readonly number[]} given.samples MiB, one each second
 * @param {string} given.title
 * @param {readonly string[]} given.lines below it
 * @param {string} given.footer
 */
export function chart({ samples, title, lines, footer }) {
  const step = niceStep(Math.max(...samples) / TICKS);
  const end = Math.ceil(Math.max(...samples) / step) * step;
  const x = (/** @type {number} */ second) => (LEFT + (second / (samples.length - 1)) * SPAN).toFixed(1);
  const y = (/** @type {number} */ value) => (TOP + RISE - (value / end) * RISE).toFixed(1);
  const stride = Math.ceil(samples.length / POINTS);
  const points = samples.flatMap((value, second) => (second % stride === 0 ? [`${x(second)},${y(value)}`] : []));
  const minutes = (samples.length - 1) / 60;
  const stepOfTime = niceStep(minutes / TICKS);
  const times = Array.from({ length: Math.floor(minutes / stepOfTime) + 1 }, (_, index) => index * stepOfTime);
  const values = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">
  <style>
    svg { color-scheme: light dark; }
    text { font: 12px system-ui, 'DejaVu Sans', sans-serif; fill: #59636e; }
    .title { font-size: 16px; font-weight: 600; fill: #1f2328; }
    .page { fill: #ffffff; stroke: #d1d9e0; }
    .grid { stroke: #d1d9e0; }
    .line { fill: none; stroke: #0969da; stroke-width: 1.5; stroke-linejoin: round; }
    .warm { fill: #59636e; fill-opacity: 0.08; }
    @media (prefers-color-scheme: dark) {
      text { fill: #9198a1; }
      .title { fill: #f0f6fc; }
      .page { fill: #0d1117; stroke: #3d444d; }
      .grid { stroke: #3d444d; }
      .line { stroke: #4493f8; }
    }
  </style>
  <rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="8" />
  <text class="title" x="20" y="30">${escaped(title)}</text>
${lines.map((line, index) => `  <text x="20" y="${50 + index * 17}">${escaped(line)}</text>`).join('\n')}
  <rect class="warm" x="${LEFT}" y="${TOP}" width="${(SPAN / 3).toFixed(1)}" height="${RISE}" />
  <text x="${LEFT + 8}" y="${TOP + RISE - 8}">warm-up</text>
${values.map((value) => `  <line class="grid" x1="${LEFT}" y1="${y(value)}" x2="${WIDTH - RIGHT}" y2="${y(value)}" />\n  <text x="${LEFT - 8}" y="${Number(y(value)) + 4}" text-anchor="end">${value}</text>`).join('\n')}
${times.map((minute) => `  <text x="${x(minute * 60)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${Number(minute.toFixed(2))}${minute === 0 ? ' min' : ''}</text>`).join('\n')}
  <text x="${LEFT - 8}" y="${TOP - 10}" text-anchor="end">MiB</text>
  <polyline class="line" points="${points.join(' ')}" />
  <text x="20" y="${HEIGHT - 16}">${escaped(footer)}</text>
</svg>
`;
}
