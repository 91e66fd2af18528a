import { newId } from '../../src/common/id.js';
import { Database, type EntityManager } from '../../src/platform/database/database.js';
import { EmailTakenError } from '../../src/users/users.errors.js';
import { UsersRepository, type NewUserRow } from '../../src/users/users.repository.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('UsersRepository', () => {
  let app: TestApp;
  let users: UsersRepository;
  beforeAll(async () => {
    app = await TestApp.start();
    users = app.app.get(UsersRepository);
  });
  beforeEach(() => app.database.query('TRUNCATE users CASCADE'));
  afterAll(() => app.close());

  const run = <T>(fn: (manager: EntityManager) => Promise<T>) => app.app.get(Database).run(fn);
  const transaction = <T>(fn: (manager: EntityManager) => Promise<T>) => app.app.get(Database).transaction(fn);
  const row = (part: Partial<NewUserRow> = {}): NewUserRow => {
    const id = newId();
    return { id, email: `${id}@example.com`, passwordHash: 'hash', name: null, role: 'user', ...part };
  };
  const insert = (part: Partial<NewUserRow> = {}) => run((manager) => users.insert(manager, row(part)));

  it('returns a new user as stored, without the hash', async () => {
    const user = await insert({ email: 'ada@example.com' });
    expect(user).toMatchObject({ email: 'ada@example.com', role: 'user', isActive: true, emailVerifiedAt: null });
    expect(user.createdAt).toEqual(user.updatedAt);
    expect(user.passwordHash).toBeUndefined();
  });

  it('throws EmailTakenError for an existing email, ignoring case', async () => {
    await insert({ email: 'ada@example.com' });
    await expect(insert({ email: 'ADA@example.com' })).rejects.toThrow(EmailTakenError);
  });

  it('rethrows violations of other constraints', async () => {
    const user = await insert();
    await expect(insert({ id: user.id })).rejects.toThrow(/pk_users/);
    await expect(insert({ email: 'a' })).rejects.toThrow(/ck_users_email/);
    await expect(insert({ role: 'root' as 'user' })).rejects.toThrow(/ck_users_role/);
  });

  it('loads the hash only on request', async () => {
    const { id, email } = await insert({ email: 'ada@example.com', passwordHash: 'secret' });
    const found = await run((manager) => users.findById(manager, id));
    const byEmail = await run((manager) => users.findWithHash(manager, { email }));
    const byId = await run((manager) => users.findWithHash(manager, { id }));
    expect(found?.passwordHash).toBeUndefined();
    expect([byEmail?.passwordHash, byId?.passwordHash]).toEqual(['secret', 'secret']);
  });

  it('replaces a hash only if it is unchanged', async () => {
    const { id } = await insert({ passwordHash: 'old' });
    const replace = (passwordHash: string, newHash: string) =>
      run((manager) => users.replaceHash(manager, { id, passwordHash }, newHash));
    expect([await replace('old', 'new'), await replace('old', 'newer')]).toEqual([true, false]);
    expect((await run((manager) => users.findWithHash(manager, { id })))?.passwordHash).toBe('new');
  });

  it('does not lock a user who is inactive or has a new password', async () => {
    const { id } = await insert({ passwordHash: 'hash' });
    const lock = (passwordHash: string) =>
      transaction(async (manager) => (await users.lockIfUnchanged(manager, { id, passwordHash }))?.id);
    expect([await lock('hash'), await lock('other')]).toEqual([id, undefined]);
    await app.database.query('UPDATE users SET is_active = false');
    expect(await lock('hash')).toBeUndefined();
  });

  it('locks a user and all active admins in ID order', async () => {
    const [first, user, , second] = [
      await insert({ role: 'admin' }),
      await insert(),
      await insert(),
      await insert({ role: 'admin' }),
    ];
    const inactive = await insert({ role: 'admin' });
    await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [inactive.id]);
    const locked = await transaction((manager) => users.lockWithAdmins(manager, user.id));
    expect(locked.map(({ id }) => id)).toEqual([first.id, user.id, second.id]);
  });

  it('blocks a second removal of an admin while the admins are locked', async () => {
    const [first, second] = [await insert({ role: 'admin' }), await insert({ role: 'admin' })];
    const order: string[] = [];
    const blocked = () =>
      app.database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let reportLock = (): void => undefined;
    const locked = new Promise<void>((resolve) => (reportLock = resolve));
    const firstRemoval = transaction(async (manager) => {
      await users.lockWithAdmins(manager, first.id);
      reportLock();
      await released;
      await users.update(manager, first, { role: 'user' });
      order.push('first');
    });
    await locked;
    const secondRemoval = transaction(async (manager) => {
      const admins = await users.lockWithAdmins(manager, second.id);
      order.push(`second sees ${admins.map(({ id }) => id).join()}`);
    });
    await until('the second removal waits for the first', async () => (await blocked()).length === 1);
    release();
    await Promise.all([firstRemoval, secondRemoval]);
    expect(order).toEqual(['first', `second sees ${second.id}`]);
  });

  it('updates the given fields only, and the time of the last change', async () => {
    const before = await insert({ name: 'Ada', role: 'admin' });
    await app.database.query(`UPDATE users SET updated_at = now() - interval '1 hour'`);
    const changes = { name: null, role: undefined } as { name: null };
    const user = await run((manager) => users.update(manager, before, changes));
    expect(user).toMatchObject({ id: before.id, name: null, role: 'admin' });
    expect(await run((manager) => users.findById(manager, before.id))).toEqual(user);
    expect(user.updatedAt.getTime()).toBeGreaterThanOrEqual(before.updatedAt.getTime());
  });
});
