import { TestDatabase } from '../support/test-database.js';

const USER = '01900000-0000-7000-8000-000000000001';
const SESSION = '01900000-0000-7000-8000-0000000000aa';

/** Checks that the database itself rejects invalid rows, regardless of the client. */
describe('database constraints', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await TestDatabase.create()));
  afterAll(() => database.drop());

  beforeEach(async () => {
    await database.query('DELETE FROM users');
    await insertUser({});
  });

  it.each([
    ['an unknown role', 'ck_users_role', { role: 'root' }],
    ['an empty email', 'ck_users_email', { email: '' }],
    ['an email of 255 characters', 'ck_users_email', { email: `${'a'.repeat(243)}@example.com` }],
    ['an email that differs from another one in case only', 'uq_users_email', { email: 'ADA@Example.com' }],
    ['an ID that is taken', 'pk_users', { id: USER }],
  ])('reject a user with %s', async (_, constraint, fields) => {
    const other = { id: '01900000-0000-7000-8000-000000000002', email: 'eve@example.com', ...fields };
    await expect(insertUser(other)).rejects.toMatchObject({ constraint });
  });

  it.each([
    ['a revocation without a reason', 'ck_sessions_revoked', { revoked_at: new Date() }],
    ['a reason without a revocation', 'ck_sessions_revoked', { revoked_reason: 'logout' }],
    ['an unknown reason', 'ck_sessions_revoked_reason', { revoked_at: new Date(), revoked_reason: 'no reason' }],
    ['an idle timeout after the absolute one', 'ck_sessions_idle_expires_at', { idle_expires_at: new Date(4e12) }],
    ['a negative counter', 'ck_sessions_refresh_counter', { refresh_counter: -1 }],
    ['a salt that is too short', 'ck_sessions_refresh_salt', { refresh_salt: Buffer.alloc(31) }],
    ['an unknown user', 'fk_sessions_user_id', { user_id: SESSION }],
  ])('reject a session with %s', async (_, constraint, fields) => {
    await expect(insertSession(fields)).rejects.toMatchObject({ constraint });
  });

  it('accept a valid session', async () => {
    await insertSession({ revoked_at: new Date(), revoked_reason: 'logout' });
    expect(await database.query('SELECT id FROM sessions')).toEqual([{ id: SESSION }]);
  });

  it('delete sessions together with their user', async () => {
    await insertSession({});
    await database.query('DELETE FROM users WHERE id = $1', [USER]);
    expect(await database.query('SELECT id FROM sessions')).toEqual([]);
  });

  const insertUser = (fields: object) =>
    insert('users', { id: USER, email: 'ada@example.com', password_hash: 'none', ...fields });
  const insertSession = (fields: object) =>
    insert('sessions', {
      id: SESSION,
      user_id: USER,
      refresh_salt: Buffer.alloc(32),
      idle_expires_at: new Date(2e12),
      expires_at: new Date(3e12),
      ...fields,
    });

  function insert(table: string, row: object): Promise<unknown[]> {
    const columns = Object.keys(row);
    const places = columns.map((_, index) => `$${index + 1}`);
    return database.query(`INSERT INTO ${table} (${columns.join()}) VALUES (${places.join()})`, Object.values(row));
  }
});
