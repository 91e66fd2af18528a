import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app.module.js';
import { gatehouseConfig } from '../../src/config/config.module.js';
import { parseEnvironment } from '../../src/config/env.js';
import { TEST_SECRET } from '../support/test-app.js';

const ENV = { DATABASE_URL: 'postgres://localhost/unused', JWT_SECRET: TEST_SECRET };

describe('the entities', () => {
  beforeAll(() => Object.assign(process.env, ENV));
  afterAll(() => {
    for (const name of Object.keys(ENV)) Reflect.deleteProperty(process.env, name);
  });

  const entitiesOf = ({ entityMetadatas }: DataSource) => new Set(entityMetadatas.map(({ target }) => target));

  it('of the modules are those that the migration commands find by file name', async () => {
    const { default: commands } = await import('../../ormconfig.js');
    await commands.initialize();
    const config = parseEnvironment({ NODE_ENV: 'test', ...ENV });
    const module = Test.createTestingModule({ imports: [AppModule] });
    const compiled = await module.overrideProvider(gatehouseConfig.KEY).useValue(config).compile();
    const app = compiled.createNestApplication({ logger: false });
    const found = entitiesOf(commands);
    expect(found.size).toBeGreaterThan(5);
    expect(entitiesOf(app.get(DataSource))).toEqual(found);
    await app.close();
  });
});
