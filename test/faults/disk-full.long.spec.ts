import { spawnSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildApp } from '../support/child-app.js';
import { OwnCluster } from '../support/own-cluster.js';
import { until } from '../support/until.js';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-disk-'));
const canMount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,mode=0755', 'tmpfs', folder]).status === 0;
if (!canMount) console.warn('This user cannot mount a file system. The test of a full disk is skipped.');

(canMount ? describe : describe.skip)('a full disk of the database server', () => {
  let cluster: OwnCluster;
  let app: ChildApp;

  beforeAll(async () => {
    cluster = await OwnCluster.start({ folder });
    app = await ChildApp.start({ DATABASE_URL: cluster.url });
  });
  afterAll(async () => {
    await app.kill();
    await cluster.stop().catch(() => undefined);
    spawnSync('umount', [folder]);
    await rm(folder, { recursive: true, force: true });
  });

  const readiness = () => app.request.get('/health/ready');

  it('fails readiness with the reason until space is free', async () => {
    const eve = { email: 'eve@example.com', password: 'seven lanterns at dusk' };
    await app.request.post('/auth/register').send(eve).expect(201);
    expect((await readiness()).status).toBe(200);

    const filler = join(folder, 'filler');
    await fill(filler);
    await until('readiness fails', async () => (await readiness()).status === 503);
    const { body } = await readiness();
    await rm(filler);
    await until('the application is ready', async () => (await readiness()).status === 200);

    expect(body.checks.database).toMatchObject({ status: 'error', reason: 'disk_full' });
    expect(app.log).toContain('Free disk space on the database server.');
    await app.request.post('/auth/login').send(eve).expect(200);
  });
});

/** Writes a file until the file system is full. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  const block = Buffer.alloc(4_096);
  try {
    for (;;) await file.write(block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}
