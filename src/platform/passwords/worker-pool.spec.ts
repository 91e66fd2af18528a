import { readdir, readFile } from 'node:fs/promises';
import { constants, getPriority } from 'node:os';
import type * as worker from './password-hash.worker.js';
import { OverloadedError, RequestTimeoutError } from '../../common/domain.error.js';
import { WorkerPool } from './worker-pool.js';

const ON_LINUX = process.platform === 'linux';

describe('WorkerPool', () => {
  const pools: WorkerPool<typeof worker>[] = [];
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

  function open(threads: number, maxWaiting: number): WorkerPool<typeof worker> {
    const pool = new WorkerPool<typeof worker>('password-hash.worker', { threads, maxWaiting, idleTimeoutMs: 60_000 });
    pools.push(pool);
    return pool;
  }
  const make = (pool: WorkerPool<typeof worker>, cost = 4) => pool.run('make', { password: 'x', cost });

  it('returns the result of the worker’s function', async () => {
    const pool = open(1, 1);
    const stored = await make(pool);
    expect(await pool.run('verify', { password: 'x', stored, cost: 4 })).toBe(true);
    expect(await pool.run('verify', { password: 'y', stored, cost: 4 })).toBe(false);
  });

  it('rejects tasks while the queue is full', async () => {
    const pool = open(1, 2);
    const accepted = [make(pool), make(pool), make(pool)];
    await expect(make(pool)).rejects.toThrow(OverloadedError);
    await accepted[0];
    await expect(make(pool)).resolves.toMatch(/^\$bcrypt-sha256\$/);
    await expect(Promise.all(accepted)).resolves.toHaveLength(3);
  });

  it('runs waiting tasks in order of arrival', async () => {
    const pool = open(1, 20);
    const served: number[] = [];
    await Promise.all(Array.from({ length: 20 }, (_, i) => make(pool).then(() => served.push(i))));
    expect(served).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('drops a waiting task whose client no longer waits', async () => {
    const pool = open(1, 1);
    const first = make(pool, 8);
    const response = { writableEnded: false, destroyed: false, once: () => undefined };
    const dropped = pool.run('make', { password: 'x', cost: 16 }, response);
    response.writableEnded = true;
    await expect(dropped).rejects.toThrow(RequestTimeoutError);
    await first;
  });

  it('rejects waiting and new tasks after it is closed', async () => {
    const pool = open(1, 10);
    const results = Promise.allSettled([make(pool, 16), make(pool, 16), make(pool, 16)]);
    await pool.close();
    for (const result of await results) expect(result).toMatchObject({ reason: expect.any(OverloadedError) });
    await expect(make(pool)).rejects.toThrow(OverloadedError);
  });

  it('throws what the worker throws', async () => {
    await expect(make(open(1, 1), 99)).rejects.toThrow();
  });

  it('gives its threads a lower priority', async () => {
    const before = await priorities();
    const pool = open(2, 2);
    await Promise.all([make(pool), make(pool)]);
    const started = [...(await priorities())].filter(([id]) => !before.has(id)).map(([, nice]) => nice);
    const lower = Math.min(getPriority() + 10, constants.priority.PRIORITY_LOW);
    expect(started.filter((nice) => nice === lower)).toHaveLength(ON_LINUX ? 2 : 0);
  });
});

/** Returns the nice value of each thread of this process by its ID (proc_pid_stat(5)). */
async function priorities(): Promise<Map<string, number>> {
  const ids = ON_LINUX ? await readdir('/proc/self/task') : [];
  // A thread of an earlier pool may disappear meanwhile.
  const stats = await Promise.all(ids.map((id) => readFile(`/proc/self/task/${id}/stat`, 'utf8').catch(() => '')));
  return new Map(ids.map((id, i) => [id, Number(stats[i]?.replace(/^.*\) /s, '').split(' ')[16])]));
}
