import { NamingStrategy } from './naming.strategy.js';

describe('NamingStrategy', () => {
  const naming = new NamingStrategy();

  it.each([
    ['User', undefined, 'user'],
    ['RefreshToken', undefined, 'refresh_token'],
    ['User', 'people', 'people'],
  ])('calls the table of %s (given: %s) %s', (className, given, expected) => {
    expect(naming.tableName(className, given)).toBe(expected);
  });

  it.each([
    ['passwordHash', undefined, [], 'password_hash'],
    ['id', undefined, [], 'id'],
    ['city', undefined, ['homeAddress'], 'home_address_city'],
    ['email', 'mailAddress', [], 'mail_address'],
  ])('calls the column of %s (custom: %s, inside %j) %s', (property, custom, prefixes, expected) => {
    expect(naming.columnName(property, custom, prefixes)).toBe(expected);
  });

  it('calls the column of a relation after the relation and the key', () => {
    expect(naming.joinColumnName('revokedBy', 'id')).toBe('revoked_by_id');
  });

  it.each([
    ['primary key', () => naming.primaryKeyName('sessions'), 'pk_sessions'],
    ['foreign key', () => naming.foreignKeyName('sessions', ['user_id']), 'fk_sessions_user_id'],
    ['unique constraint', () => naming.uniqueConstraintName('users', ['email']), 'uq_users_email'],
    ['index', () => naming.indexName('sessions', ['user_id', 'id']), 'ix_sessions_user_id_id'],
  ])('calls a %s after its table and its columns', (_, name, expected) => {
    expect(name()).toBe(expected);
  });

  it('leaves schema and quotes out of names', () => {
    expect(naming.indexName('"public"."sessions"', ['id'])).toBe('ix_sessions_id');
  });

  describe('when a name would pass PostgreSQL’s 63 bytes', () => {
    const long = (last: string) => naming.indexName('sessions', ['a'.repeat(60), last]);

    it('keeps it within them', () => {
      expect(Buffer.byteLength(long('x'))).toBe(63);
    });

    it('keeps two names apart that begin alike', () => {
      expect(long('x')).not.toBe(long('y'));
    });

    it('says the same name every time', () => {
      expect(long('x')).toBe(long('x'));
    });

    it('counts bytes, not characters', () => {
      expect(Buffer.byteLength(naming.indexName('sessions', ['é'.repeat(40)]))).toBeLessThanOrEqual(63);
    });

    it('leaves a name of exactly 63 bytes alone', () => {
      const column = 'a'.repeat(63 - 'ix_sessions_'.length);
      expect(naming.indexName('sessions', [column])).toBe(`ix_sessions_${column}`);
    });
  });
});
