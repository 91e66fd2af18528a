import { connect } from 'node:net';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { DatabaseUnavailableError, isForeignKeyViolation, isUnavailable, isUniqueViolation } from './pg-errors.js';

const withCode = (code: string, fields: object = {}) => Object.assign(new Error('a message'), { code, ...fields });
const failed = (cause: Error) => new QueryFailedError('SELECT 1', [], cause);

describe('isUnavailable', () => {
  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EAI_AGAIN',
  ])('returns true for the network error %s', (code) => {
    expect(isUnavailable(withCode(code))).toBe(true);
  });

  it.each([
    ['08006', 'connection failure'],
    ['57P01', 'admin shutdown'],
    ['57P02', 'crash shutdown'],
    ['57P03', 'cannot connect now'],
    ['57014', 'statement timeout'],
    ['55P03', 'lock timeout'],
    ['53300', 'too many connections'],
    ['53100', 'disk full'],
    ['25006', 'read-only after a failover'],
    ['25P03', 'idle in transaction'],
    ['28P01', 'wrong password'],
    ['3D000', 'no such database'],
  ])('returns true for SQLSTATE %s (%s)', (state) => {
    expect(isUnavailable(failed(withCode(state)))).toBe(true);
  });

  it.each([
    ['23505', 'unique violation'],
    ['23503', 'foreign key violation'],
    ['42P01', 'undefined table'],
    ['42501', 'insufficient privilege'],
    ['22P02', 'invalid text'],
    ['40P01', 'deadlock'],
    ['40001', 'serialization failure'],
  ])('returns false for SQLSTATE %s (%s)', (state) => {
    expect(isUnavailable(failed(withCode(state)))).toBe(false);
  });

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ])('returns true for the driver message: %s', (message) => {
    expect(isUnavailable(failed(new Error(message)))).toBe(true);
  });

  it.each([new QueryRunnerAlreadyReleasedError(), new QueryRunnerProviderAlreadyReleasedError()])(
    'returns false for a manager that is used after its transaction, which is a bug: %s',
    (error) => {
      expect(isUnavailable(error)).toBe(false);
    },
  );

  it('returns true if all IP addresses of a host fail', () => {
    expect(isUnavailable(new AggregateError([withCode('ECONNREFUSED'), withCode('EHOSTUNREACH')]))).toBe(true);
  });

  it('returns false if one of several errors is a bug', () => {
    expect(isUnavailable(new AggregateError([withCode('ECONNREFUSED'), new TypeError('a bug')]))).toBe(false);
  });

  it('returns false for an empty list of errors', () => {
    expect(isUnavailable(new AggregateError([]))).toBe(false);
  });

  it('recognizes errors of Node’s sockets', async () => {
    const error = await new Promise<Error>((resolve) => connect(1, '127.0.0.1').on('error', resolve));
    expect(isUnavailable(error)).toBe(true);
  });

  it.each([
    ['a bug', new TypeError('x is undefined')],
    ['a text', 'ECONNREFUSED'],
    ['a plain object', { code: 'ECONNREFUSED' }],
    ['null', null],
    ['undefined', undefined],
    ['an error that only quotes the driver', new Error('it said: Connection terminated')],
  ])('returns false for %s', (_, error) => {
    expect(isUnavailable(error)).toBe(false);
  });
});

describe('isUniqueViolation', () => {
  const violation = (constraint: string) => failed(withCode('23505', { constraint }));

  it('recognizes the constraint by name', () => {
    expect(isUniqueViolation(violation('uq_users_email'), 'uq_users_email')).toBe(true);
  });

  it('returns false for another constraint', () => {
    expect(isUniqueViolation(violation('pk_users'), 'uq_users_email')).toBe(false);
  });

  it('returns false for another kind of violation', () => {
    expect(isUniqueViolation(failed(withCode('23514', { constraint: 'uq_users_email' })), 'uq_users_email')).toBe(
      false,
    );
  });

  it.each([null, undefined, 'text', new Error('none')])('returns false for %s', (error) => {
    expect(isUniqueViolation(error, 'uq_users_email')).toBe(false);
  });
});

describe('isForeignKeyViolation', () => {
  it('recognizes the constraint by name', () => {
    const error = failed(withCode('23503', { constraint: 'fk_orders_owner_id' }));
    expect(isForeignKeyViolation(error, 'fk_orders_owner_id')).toBe(true);
    expect(isForeignKeyViolation(error, 'fk_orders_product_id')).toBe(false);
  });
});

describe('DatabaseUnavailableError', () => {
  it('does not expose its cause to clients', () => {
    const error = new DatabaseUnavailableError({ cause: new Error('password authentication failed for user "x"') });
    expect(error.message).toBe('The database is temporarily unavailable. Try again.');
    expect(error.code).toBe('database_unavailable');
  });
});
