import type { Database } from '../platform/database/database.js';
import type { HealthRepository } from './health.repository.js';
import { HealthService } from './health.service.js';

describe('HealthService', () => {
  it.each(['readiness', 'databaseHealth'] as const)('runs one check for all concurrent calls of %s', async (check) => {
    const ping = jest.fn().mockResolvedValue(undefined);
    const repository = { ping, pendingMigrations: () => Promise.resolve([]), tryToServe: () => Promise.resolve(null) };
    const database = { run: <T>(fn: (manager: object) => Promise<T>) => fn({}), pool: () => ({ total: 1 }) };
    const health = new HealthService(database as Database, repository as unknown as HealthRepository);
    const results = await Promise.all(Array.from({ length: 100 }, () => health[check]()));
    expect(results.map(({ status }) => status)).toEqual(Array(100).fill('ok'));
    expect(ping).toHaveBeenCalledTimes(1);
    await health[check]();
    expect(ping).toHaveBeenCalledTimes(2);
  });
});
