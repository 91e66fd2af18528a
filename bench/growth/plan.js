// What a plan says, in one line.
import { GROWING } from './fill.js';

/**
 * @typedef {object} Seen what one statement did
 * @property {string} text
 * @property {string} shape which indexes it went by
 * @property {number} rows that were read, with those that did not fit
 * @property {number} buffers pages of PostgreSQL that were looked at
 * @property {readonly string[]} whole growing tables that were read from the beginning
 */

/** @param {import('./plan-proxy.js').Explained} explained @returns {Seen} */
export function seen({ 'Query Text': text, Plan }) {
  const nodes = nodesOf(Plan);
  return {
    text: text.replaceAll(/\s+/g, ' ').trim(),
    shape: [...new Set(nodes.map(shapeOf).filter(Boolean))].join(', '),
    rows: Math.round(nodes.reduce((sum, node) => sum + rowsOf(node), 0)),
    buffers: Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks'],
    whole: nodes
      .filter((node) => node['Node Type'] === 'Seq Scan' && GROWING.includes(node['Relation Name']))
      .map((node) => node['Relation Name']),
  };
}

/** A node and all below it. @param {any} node @returns {any[]} */
const nodesOf = (node) => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** @param {any} node */
function shapeOf(node) {
  const { 'Node Type': type, 'Relation Name': table, 'Index Name': index } = node;
  const back = node['Scan Direction'] === 'Backward' ? ', backwards' : '';
  if (type === 'Index Scan') return `\`${index}\`${back}`;
  if (type === 'Index Only Scan') return `\`${index}\` alone${back}`;
  if (type === 'Bitmap Index Scan') return `\`${index}\` as a bitmap`;
  if (type === 'Tid Scan' || type === 'Tid Range Scan') return `\`${table}\` by place`;
  if (type === 'Seq Scan') return `**all of \`${table}\`**`;
  if (type === 'ModifyTable' && node.Operation === 'Insert') return `insert into \`${table}\``;
  return type === 'Sort' ? 'sorted' : '';
}

/** Rows of tables, not those that other nodes pass on. @param {any} node */
function rowsOf(node) {
  if (!node['Relation Name'] || node['Node Type'] === 'ModifyTable') return 0;
  const each =
    node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return each * node['Actual Loops'];
}
