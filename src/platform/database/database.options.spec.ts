import { parseEnvironment } from '../../config/env.js';
import { databaseOptions } from './database.options.js';
import { LazyDataSource } from './lazy-data-source.js';

describe('databaseOptions', () => {
  it('generates UUIDs without an extension', () => {
    const { database } = parseEnvironment({});
    expect(new LazyDataSource(databaseOptions(database)).driver.uuidGenerator).toBe('gen_random_uuid()');
  });
});
