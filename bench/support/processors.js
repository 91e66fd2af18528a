// Processor time of processes, from Linux's /proc.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Fields of /proc/<pid>/stat (proc(5)), counted from the one after the program's name. */
const [PARENT, OWN, ENDED_CHILDREN] = [1, [11, 12], [13, 14]];

/** @param {string | number} pid @returns {readonly number[]} empty if there is no such process */
function statOf(pid) {
  if (process.platform !== 'linux') throw new Error('This benchmark needs Linux, because it reads /proc.');
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name is in parentheses and may contain anything.
    return stat
      .slice(stat.lastIndexOf(') ') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return [];
  }
}

/** @param {readonly number[]} stat @param {readonly number[]} fields */
function secondsOf(stat, fields) {
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return fields.reduce((total, field) => total + (stat[field] ?? 0), 0) / ticksPerSecond;
}

/** Returns the processor time in seconds of a process and its children, including ended children. @param {number} pid */
export function cpuSeconds(pid) {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(statOf);
  const children = stats.filter((stat) => stat[PARENT] === pid).map((stat) => secondsOf(stat, OWN));
  return children.reduce((total, seconds) => total + seconds, secondsOf(statOf(pid), [...OWN, ...ENDED_CHILDREN]));
}

/** Returns the processor time in seconds of the children of this process that have ended. */
export const endedChildrenCpuSeconds = () => secondsOf(statOf(process.pid), ENDED_CHILDREN);
