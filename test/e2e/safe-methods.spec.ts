import { buildSignedIn } from '../support/builders.js';
import { readOperations } from '../support/operations.js';
import { TestApp } from '../support/test-app.js';

describe('a request by GET or HEAD', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  it('changes nothing, on any route and for anyone, but when a session was last seen', async () => {
    const [user, admin] = [await buildSignedIn(app), await buildSignedIn(app, 'admin')];
    const contents = () =>
      app.database.query(`
        SELECT to_jsonb(users) AS contents FROM users
        UNION ALL SELECT to_jsonb(sessions) - 'last_seen_at' FROM sessions
        UNION ALL SELECT to_jsonb(one_time_tokens) FROM one_time_tokens
        UNION ALL SELECT to_jsonb(mails) FROM mails
        ORDER BY contents`);
    const before = await contents();
    const routes = (await readOperations(app)).filter(({ method }) => method === 'get');
    for (const { path, exampleQuery } of routes) {
      for (const id of [user.id, user.sessionId]) {
        for (const method of ['get', 'head'] as const) {
          const target = path.replace('{id}', id);
          await app.request[method](target).query(exampleQuery);
          await app.as(user.accessToken)[method](target).query(exampleQuery);
          await app.as(admin.accessToken)[method](target).query(exampleQuery);
        }
      }
    }
    expect(routes.length).toBeGreaterThan(8);
    expect(await contents()).toEqual(before);
  });
});
