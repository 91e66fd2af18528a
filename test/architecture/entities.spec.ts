import { runNode } from '../support/run-node.js';
import { TEST_SECRET } from '../support/test-app.js';

const ENV = { DATABASE_URL: 'postgres://localhost:1/unused', JWT_SECRET: TEST_SECRET };

/**
 * Runs code in a separate process, because `TypeOrmModule` keeps the entities of all modules that were loaded before.
 */
async function run(code: string): Promise<{ code: number | null; output: string }> {
  const imports = `
    import { NestFactory } from '@nestjs/core';
    import { TypeOrmModule } from '@nestjs/typeorm';
    import { DataSource, EntitySchema } from 'typeorm';
    import { AppModule } from './dist/src/app.module.js';
    import commands from './dist/ormconfig.js';
    const options = { logger: ['error'], abortOnError: false };
    const namesOf = ({ entityMetadatas }) => entityMetadatas.map(({ name }) => name).sort();`;
  const result = await runNode('--input-type=module', ['--eval', imports + code], { env: ENV });
  return { code: result.code, output: result.stdout + result.stderr };
}

describe('the entities', () => {
  it('of the modules are those that the migration commands find by file name', async () => {
    const { code, output } = await run(`
      await commands.initialize();
      const app = await NestFactory.create(AppModule, options);
      console.log(JSON.stringify([namesOf(app.get(DataSource)), namesOf(commands)]));
      await app.close();`);
    expect([code, output]).toEqual([0, expect.stringMatching(/^\[/)]);
    const [ofModules, found] = JSON.parse(output) as [string[], string[]];
    expect(found.length).toBeGreaterThan(5);
    expect(ofModules).toEqual(found);
  });

  it('are checked at startup, without a database and without a retry', async () => {
    const { code, output } = await run(`
      const imports = [AppModule, TypeOrmModule.forFeature([new EntitySchema({ name: 'Keyless', columns: {} })])];
      await NestFactory.create({ module: class {}, imports }, options);`);
    expect(code).toBe(1);
    expect(output).toContain('Entity "Keyless" does not have a primary column.');
    expect(output).not.toContain('Unable to connect to the database');
  });
});
