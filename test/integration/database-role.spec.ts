import { randomBytes } from 'node:crypto';
import { TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

const PASSWORD = 'seven lanterns at dusk';

describe('a database role that may read and write rows, and nothing else', () => {
  const role = `reader_writer_${randomBytes(6).toString('hex')}`;
  let database: TestDatabase;
  let app: TestApp;

  beforeAll(async () => {
    database = await TestDatabase.create();
    const name = new URL(database.url).pathname.slice(1);
    for (const statement of [
      `CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`,
      `REVOKE ALL ON DATABASE ${name} FROM PUBLIC`,
      `GRANT CONNECT ON DATABASE ${name} TO ${role}`,
      `GRANT USAGE ON SCHEMA public TO ${role}`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON users, sessions, one_time_tokens, mails, rate_limits, schedule TO ${role}`,
      `GRANT SELECT, INSERT ON audit_events TO ${role}`,
      `GRANT SELECT ON migrations TO ${role}`,
    ]) {
      await database.query(statement);
    }
    const url = new URL(database.url);
    url.username = role;
    url.password = PASSWORD;
    app = await TestApp.start({ database, env: { DATABASE_URL: url.href, RATE_LIMIT_ENABLED: 'true' } });
  });
  afterAll(async () => {
    await app.close();
    await database.query(`DROP OWNED BY ${role}`);
    await database.query(`DROP ROLE ${role}`);
    await database.drop();
  });

  it('cannot change the schema', async () => {
    await database.query(`SET ROLE ${role}`);
    const change = database.query('CREATE TABLE mine ()');
    await expect(change).rejects.toMatchObject({ code: '42501' });
    await database.query('RESET ROLE');
  });

  it('is all that the application needs, from its first connection to the end of an account', async () => {
    const person = { email: 'ada@example.com', password: PASSWORD };
    const statuses: Record<string, number> = {};
    const note = <T extends { status: number }>(what: string, answer: T): T => {
      statuses[what] = answer.status;
      return answer;
    };
    note('ready', await app.request.get('/health/ready'));
    note('register', await app.request.post('/auth/register').send(person));
    const { body } = note('login', await app.request.post('/auth/login').send(person));
    note('me', await app.as(body.accessToken as string).get('/users/me'));
    const { refreshToken } = body as { refreshToken: string };
    const next = note('refresh', await app.request.post('/auth/refresh').send({ refreshToken }));
    note('logout', await app.as(next.body.accessToken as string).post('/auth/logout'));
    const again = await app.request.post('/auth/login').send(person);
    note(
      'delete',
      await app
        .as(again.body.accessToken as string)
        .delete('/users/me')
        .send({ password: PASSWORD }),
    );
    expect(statuses).toEqual({
      ready: 200,
      register: 201,
      login: 200,
      me: 200,
      refresh: 200,
      logout: 204,
      delete: 204,
    });
  });
});
