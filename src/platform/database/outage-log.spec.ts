import { Logger } from '@nestjs/common';
import { NoPrimaryError } from './connect-errors.js';
import { OutageLog } from './outage-log.js';

const failure = (code: string, message = 'a message') => Object.assign(new Error(message), { code });

describe('OutageLog', () => {
  let lines: string[];
  beforeEach(() => {
    jest.useFakeTimers();
    lines = [];
    jest.spyOn(Logger.prototype, 'debug').mockReturnValue();
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: string) => void lines.push(line));
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('logs start and end of an outage once each, although single statements succeed', () => {
    const log = new OutageLog();
    for (let i = 0; i < 10; i += 1) {
      log.recordFailure(failure('ECONNREFUSED'));
      jest.advanceTimersByTime(1_000);
      log.recordSuccess();
      jest.advanceTimersByTime(1_000);
    }
    jest.advanceTimersByTime(60_000);
    log.recordSuccess();
    expect(lines).toEqual([
      'Database unavailable: a message. Check that PostgreSQL is running, and the host and port in DATABASE_URL.',
      'Database available again after 19.0 s. Failures: 10.',
    ]);
  });

  it('logs the next outage again', () => {
    const log = new OutageLog();
    for (let i = 0; i < 2; i += 1) {
      log.recordFailure(failure('ECONNREFUSED'));
      log.recordSuccess();
      jest.advanceTimersByTime(5_000);
    }
    expect(lines).toHaveLength(4);
  });

  it.each([
    ['28P01', 'user and password'],
    ['3D000', 'Create the database'],
    ['53300', 'DB_POOL_MAX'],
    ['53100', 'disk space'],
    ['ENOTFOUND', 'host name'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'sslrootcert='],
    ['CERT_HAS_EXPIRED', 'sslrootcert'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'sslrootcert'],
    ['25006', 'needs the primary'],
  ])('says what to do about %s', (code, advice) => {
    new OutageLog().recordFailure(failure(code));
    expect(lines).toEqual([expect.stringContaining(advice)]);
  });

  it('names the reason of each server and IP address', () => {
    const addresses = new AggregateError([failure('ECONNREFUSED', 'connect ECONNREFUSED ::1')]);
    const standby = failure('25006', 'db2 is read-only');
    const failures = [addresses, standby].map((error, i) => ({ server: { host: `db${i + 1}`, port: 5432 }, error }));
    new OutageLog().recordFailure(NoPrimaryError.of(failures));
    expect(lines).toEqual([
      'Database unavailable: No server accepts writes. db1:5432: connect ECONNREFUSED ::1; db2:5432: db2 is read-only. ' +
        'Check that PostgreSQL is running, and the host and port in DATABASE_URL. ' +
        'Gatehouse needs the primary. List all servers in DATABASE_URL, or check default_transaction_read_only.',
    ]);
  });
});
