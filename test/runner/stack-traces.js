import { findSourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Formats a stack trace with positions in the TypeScript files, for `Error.prepareStackTrace`. Node.js can do that
 * too, but it names each unnamed function `<anonymous>`, and Jest drops such lines.
 *
 * @param {Error} error @param {NodeJS.CallSite[]} frames
 */
export function formatStackTrace(error, frames) {
  return [String(error), ...frames.map((frame) => `    at ${formatFrame(frame)}`)].join('\n');
}

/** @param {NodeJS.CallSite} frame */
function formatFrame(frame) {
  const url = frame.getFileName();
  if (!url?.startsWith('file:')) return String(frame);
  const [line, column] = [frame.getLineNumber() ?? 1, frame.getColumnNumber() ?? 1];
  const entry = findSourceMap(url)?.findEntry(line - 1, column - 1);
  const position =
    entry && 'originalLine' in entry ? [entry.originalLine + 1, entry.originalColumn + 1] : [line, column];
  return String(frame).replace(`${url}:${line}:${column}`, [fileURLToPath(url), ...position].join(':'));
}
