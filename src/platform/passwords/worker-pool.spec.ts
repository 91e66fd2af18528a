import { readdir, readFile } from 'node:fs/promises';
import type * as worker from './password-hash.worker.js';
import { OverloadedError } from './passwords.errors.js';
import { WorkerPool } from './worker-pool.js';

const ON_LINUX = process.platform === 'linux';

describe('a pool of threads', () => {
  const pools: WorkerPool<typeof worker>[] = [];
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

  function open(threads: number, queue: number): WorkerPool<typeof worker> {
    const pool = new WorkerPool<typeof worker>('password-hash.worker', { threads, queue, idleTimeout: 60_000 });
    pools.push(pool);
    return pool;
  }
  const make = (pool: WorkerPool<typeof worker>, cost = 4) => pool.run('make', { password: 'x', cost });

  it('answers what the worker’s function answers', async () => {
    const pool = open(1, 1);
    const stored = await make(pool);
    expect(await pool.run('verify', { password: 'x', stored, cost: 4 })).toBe(true);
    expect(await pool.run('verify', { password: 'y', stored, cost: 4 })).toBe(false);
  });

  it('refuses what neither runs nor may wait, and takes more once there is room', async () => {
    const pool = open(1, 2);
    const taken = [make(pool), make(pool), make(pool)];
    await expect(make(pool)).rejects.toThrow(OverloadedError);
    await taken[0];
    await expect(make(pool)).resolves.toMatch(/^\$bcrypt-sha256\$/);
    await expect(Promise.all(taken)).resolves.toHaveLength(3);
  });

  it('serves those who wait in the order in which they came', async () => {
    const pool = open(1, 20);
    const served: number[] = [];
    await Promise.all(Array.from({ length: 20 }, (_, i) => make(pool).then(() => served.push(i))));
    expect(served).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('answers those who wait, and whoever comes later, when it is closed', async () => {
    const pool = open(1, 10);
    const results = Promise.allSettled([make(pool, 16), make(pool, 16), make(pool, 16)]);
    await pool.close();
    for (const result of await results) expect(result).toMatchObject({ reason: expect.any(OverloadedError) });
    await expect(make(pool)).rejects.toThrow(OverloadedError);
  });

  it('passes on what a worker throws', async () => {
    await expect(make(open(1, 1), 99)).rejects.toThrow();
  });

  it('works at a lower priority than requests do', async () => {
    const before = await countPatient();
    const pool = open(2, 2);
    await Promise.all([make(pool), make(pool)]);
    expect((await countPatient()) - before).toBe(ON_LINUX ? 2 : 0);
  });
});

/** How many threads of this process give way to others: those of a nice value above its own (proc_pid_stat(5)). */
async function countPatient(): Promise<number> {
  if (!ON_LINUX) return 0;
  const niceOf = async (path: string) => Number((await readFile(path, 'utf8')).replace(/^.*\) /s, '').split(' ')[16]);
  const own = await niceOf('/proc/self/stat');
  const threads = await readdir('/proc/self/task');
  const values = await Promise.all(threads.map((id) => niceOf(`/proc/self/task/${id}/stat`)));
  return values.filter((value) => value > own).length;
}
