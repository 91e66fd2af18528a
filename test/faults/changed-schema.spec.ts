import { Database } from '../../src/platform/database/database.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { Load } from '../support/load.js';
import { LogLines } from '../support/log-lines.js';
import { SCHEMA_CHANGES } from '../support/schema-changes.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('a changed schema', () => {
  const log = new LogLines();
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start({ log });
    ada = await buildSignedIn(app);
  });
  afterAll(() => app.close());

  const getMe = async () => (await app.as(ada.accessToken).get('/users/me')).status;
  const pool = () => app.app.get(Database).pool();

  it('fails no request under load', async () => {
    const paths = ['/users/me', '/sessions'];
    let count = 0;
    const load = Load.start(4, app.url, () => [paths[count++ % 2] ?? '', { token: ada.accessToken }]);
    const errors: string[] = [];
    for (const change of SCHEMA_CHANGES) {
      const before = load.answers.length;
      await until('the load continues', () => load.answers.length > before + 10);
      // PostgreSQL may choose the migration as the victim of the deadlock.
      await app.database.query(change).catch((error: unknown) => errors.push(String(error)));
      await app.database.query('ROLLBACK');
    }
    await load.stop();
    expect(errors.filter((error) => !error.includes('deadlock detected'))).toEqual([]);
    expect(load.statuses).toEqual({ 200: load.answers.length });
  });

  it('removes a pooled connection with an outdated plan and fails no request', async () => {
    const before = pool().total;
    let length = 300;
    // The request may use a connection that has not prepared the statement.
    await until('a connection has left the pool', async () => {
      await app.database.query(`ALTER TABLE users ALTER COLUMN name TYPE varchar(${length++})`);
      expect(await getMe()).toBe(200);
      return pool().total < before;
    });
    await app.database.query('ALTER TABLE users ALTER COLUMN name TYPE text');
  });

  it('that includes a dropped prepared statement fails no request', async () => {
    const statuses = new Set([await getMe()]);
    await until('a request uses the connection that has lost its statement', async () => {
      await app.app.get(Database).run((manager) => manager.query('DEALLOCATE ALL'));
      statuses.add(await getMe());
      return log.text.includes('set DB_PREPARED_STATEMENTS=false');
    });
    expect([...statuses.add(await getMe())]).toEqual([200]);
  });
});
