import { ChildApp } from '../support/child-app.js';
import { NO_DATABASE } from '../support/constants.js';
import { runNode } from '../support/run-node.js';
import { TestDatabase } from '../support/test-database.js';

describe('in production', () => {
  let database: TestDatabase;
  let app: ChildApp;
  beforeAll(async () => {
    database = await TestDatabase.create();
    app = await ChildApp.start({ NODE_ENV: 'production', DATABASE_URL: database.url, BCRYPT_COST: '10', HOST: '' });
  });
  afterAll(async () => {
    await app.kill();
    await database.drop();
  });

  it('has no account until someone creates one', async () => {
    await app.request.get('/health/ready').expect(200);
    expect(await database.query('SELECT email FROM users')).toEqual([]);
  });

  it('listens on every IP address and logs it', () => {
    expect(app.log).toMatch(/Gatehouse listens on http:\/\/0\.0\.0\.0:\d+"/);
  });

  it.each(['/docs', '/openapi.json'])('does not serve %s by default', async (path) => {
    const { body } = await app.request.get(path).expect(404);
    expect(body.code).toBe('not_found');
  });

  it.each([
    ['no', ''],
    ['a short', 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAe'],
    ['a placeholder', 'changeme-changeme-changeme-changeme'],
    ['a published', 'a-string-secret-at-least-256-bits-long'],
  ])('does not start with %s secret', async (_, secret) => {
    const env = { NODE_ENV: 'production', DATABASE_URL: NO_DATABASE, JWT_SECRET: secret, PORT: '0' };
    const { code, stderr } = await runNode('dist/src/main.js', [], { env });
    expect([code, stderr]).toEqual([1, expect.stringContaining('JWT_SECRET')]);
  });
});
