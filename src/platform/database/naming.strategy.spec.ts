import { NamingStrategy } from './naming.strategy.js';

describe('NamingStrategy', () => {
  const naming = new NamingStrategy();

  it.each([
    ['User', undefined, 'user'],
    ['RefreshToken', undefined, 'refresh_token'],
    ['User', 'people', 'people'],
  ])('names the table of %s (given: %s) %s', (className, given, expected) => {
    expect(naming.tableName(className, given)).toBe(expected);
  });

  it.each([
    ['passwordHash', undefined, [], 'password_hash'],
    ['id', undefined, [], 'id'],
    ['city', undefined, ['homeAddress'], 'home_address_city'],
    ['email', 'mailAddress', [], 'mailAddress'],
  ])('names the column of %s (custom: %s, prefixes: %j) %s', (property, custom, prefixes, expected) => {
    expect(naming.columnName(property, custom, prefixes)).toBe(expected);
  });

  it('names the column of a relation after the relation and the key', () => {
    expect(naming.joinColumnName('revokedBy', 'id')).toBe('revoked_by_id');
  });

  it.each([
    ['primary key', () => naming.primaryKeyName('sessions'), 'pk_sessions'],
    ['foreign key', () => naming.foreignKeyName('sessions', ['user_id']), 'fk_sessions_user_id'],
    ['unique constraint', () => naming.uniqueConstraintName('users', ['email']), 'uq_users_email'],
    ['index', () => naming.indexName('sessions', ['user_id', 'id']), 'ix_sessions_user_id_id'],
  ])('names a %s after its table and columns', (_, name, expected) => {
    expect(name()).toBe(expected);
  });

  it('omits schema and quotes', () => {
    expect(naming.indexName('"public"."sessions"', ['id'])).toBe('ix_sessions_id');
  });

  describe('for names longer than 63 bytes', () => {
    const long = (last: string) => naming.indexName('sessions', ['a'.repeat(60), last]);

    it('shortens the name to 63 bytes', () => {
      expect(Buffer.byteLength(long('x'))).toBe(63);
    });

    it('keeps names with the same start distinct', () => {
      expect(long('x')).not.toBe(long('y'));
    });

    it('is deterministic', () => {
      expect(long('x')).toBe(long('x'));
    });

    it('counts bytes instead of characters', () => {
      expect(Buffer.byteLength(naming.indexName('sessions', ['é'.repeat(40)]))).toBeLessThanOrEqual(63);
    });

    it('keeps a name of exactly 63 bytes', () => {
      const column = 'a'.repeat(63 - 'ix_sessions_'.length);
      expect(naming.indexName('sessions', [column])).toBe(`ix_sessions_${column}`);
    });
  });
});
