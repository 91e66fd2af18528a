import { Column, Entity, PrimaryColumn, VirtualColumn } from 'typeorm';
import { parseEnvironment } from '../../src/config/env.js';
import { databaseOptions } from '../../src/platform/database/database.options.js';
import { Database } from '../../src/platform/database/database.js';
import { LazyDataSource } from '../../src/platform/database/lazy-data-source.js';
import { queryRows } from '../../src/platform/database/query-rows.js';
import { RowMapper } from '../../src/platform/database/row-mapper.js';
import { TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

class Size {
  @Column({ type: 'int' })
  width!: number;
}

/** Has columns of all kinds, in an order that mixes plain values with converted ones. */
@Entity('probe_parcels')
class ProbeParcel {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'date' })
  sentOn!: string;

  @Column({ type: 'text', nullable: true })
  note!: string | null;

  @Column({ type: 'simple-array' })
  tags!: string[];

  @Column({ type: 'text', array: true })
  steps!: string[];

  @Column({ type: 'text', select: false })
  secret!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  arrivedAt!: Date;

  @Column({ type: 'numeric', transformer: { to: (value: number) => value, from: Number } })
  price!: number;

  @Column(() => Size)
  size!: Size;

  @Column({ type: 'simple-json' })
  labels!: object;

  @Column({ type: 'jsonb' })
  details!: object;

  @Column({ type: 'bigint' })
  weight!: string;

  @Column()
  isFragile!: boolean;

  /** A reserved word. */
  @Column({ type: 'text', default: 'low' })
  order!: string;

  @VirtualColumn({ query: (alias) => `SELECT length(${alias}.note)` })
  length!: number;
}

describe('RowMapper', () => {
  let storage: TestDatabase;
  let dataSource: LazyDataSource;
  beforeAll(async () => {
    storage = await TestDatabase.create({ empty: true });
    const { database } = parseEnvironment({ NODE_ENV: 'test', DATABASE_URL: storage.url, JWT_SECRET: TEST_SECRET });
    dataSource = await new LazyDataSource({ ...databaseOptions(database), entities: [ProbeParcel] }).initialize();
    await dataSource.synchronize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await storage.drop();
  });

  const stored: Omit<ProbeParcel, 'length'> = {
    id: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60',
    sentOn: '2026-01-15',
    note: null,
    tags: ['a', 'b'],
    steps: ['in', 'out'],
    secret: 'hidden',
    arrivedAt: new Date('2026-01-16T09:30:00.123Z'),
    price: 12.5,
    size: { width: 3 },
    labels: { a: 1 },
    details: { b: [2] },
    weight: '9007199254740993',
    isFragile: true,
    order: 'high',
  };

  it('returns the entity that TypeORM returns, without its virtual columns', async () => {
    await dataSource.manager.insert(ProbeParcel, stored);
    const mapper = new RowMapper(dataSource, ProbeParcel, 'p');
    const [row = []] = await new Database(dataSource).run((manager) =>
      queryRows(manager, { text: `SELECT 1, ${mapper.columns} FROM probe_parcels p` }, []),
    );
    const mapped = mapper.map(row, 1);
    const found = await dataSource.manager.findOneByOrFail(ProbeParcel, { id: stored.id });
    expect(mapped).toBeInstanceOf(ProbeParcel);
    expect(mapped).toEqual({ ...found, length: undefined });
    expect(mapped).toEqual({ ...stored, secret: undefined });
  });
});
