import { buildSignedIn } from '../support/builders.js';
import { ChildApp } from '../support/child-app.js';
import { Load } from '../support/load.js';
import { SCHEMA_CHANGES } from '../support/schema-changes.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const CONNECTIONS = 64;
const ROUNDS = 10;

describe('a changed schema under 64 connections', () => {
  let direct: TestApp;
  let app: ChildApp;
  beforeAll(async () => {
    direct = await TestApp.start();
    app = await ChildApp.start({ DATABASE_URL: direct.database.url });
  });
  afterAll(async () => {
    await app.kill();
    await direct.close();
  });

  it('fails no request', async () => {
    const people = await Promise.all(Array.from({ length: CONNECTIONS }, () => buildSignedIn(direct)));
    const load = Load.start(CONNECTIONS, app.url, (client) => [
      client % 2 === 0 ? '/users/me' : '/sessions',
      { token: people[client]?.accessToken ?? '' },
    ]);
    let deadlocks = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const change of SCHEMA_CHANGES) {
        const before = load.answers.length;
        await until('the load continues', () => load.answers.length > before + CONNECTIONS);
        await direct.database.query(change).catch(() => (deadlocks += 1));
        await direct.database.query('ROLLBACK');
      }
    }
    await load.stop();
    const failed = load.answers.length - (load.statuses[200] ?? 0);
    console.log(
      `Schema changes: ${ROUNDS * SCHEMA_CHANGES.length} under ${CONNECTIONS} connections, ${deadlocks} of them failed ` +
        `because of a deadlock. Requests: ${load.answers.length}. Failed requests: ${failed}. ` +
        `Longest response: ${Math.round(load.longest)} ms.`,
    );
    expect(load.statuses).toEqual({ 200: load.answers.length });
  });
});
