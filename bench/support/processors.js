// How much of the processors a group of processes takes, as Linux counts it.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** How many of its units a second has. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** The fields of /proc/<pid>/stat from the state on (proc(5)); null where there is no such process. @param {string} pid */
function statOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return null;
  }
}

/** Who started a process. @param {number} pid */
export const parentOf = (pid) => Number(statOf(String(pid))?.[1]);

/** The seconds that a process and its children have used up to now, those that are gone too. @param {number} pid */
export function secondsOf(pid) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const stats = pids.flatMap((name) => {
    const stat = statOf(name);
    return stat && (Number(name) === pid || Number(stat[1]) === pid) ? [stat] : [];
  });
  return stats.reduce((sum, stat) => sum + Number(stat[11]) + Number(stat[12]), 0) / TICKS + secondsOfTheGone(pid);
}

/** The seconds that those children of a process have used that are gone by now. @param {number} [pid] this one without it */
export function secondsOfTheGone(pid = process.pid) {
  const stat = statOf(String(pid));
  return (Number(stat?.[13]) + Number(stat?.[14])) / TICKS;
}
