import { runNode } from '../support/run-node.js';
import { TEST_SECRET } from '../support/test-app.js';

const ENV = { DATABASE_URL: 'postgres://localhost:1/unused', JWT_SECRET: TEST_SECRET };

/**
 * Runs in a separate process, because `TypeOrmModule` keeps the entities of all modules that were loaded before. Prints
 * the entities of the modules, those of the migration commands, and the error of an invalid entity.
 */
const PROGRAM = `
  import { NestFactory } from '@nestjs/core';
  import { TypeOrmModule } from '@nestjs/typeorm';
  import { DataSource, EntitySchema } from 'typeorm';
  import { AppModule } from './dist/src/app.module.js';
  import commands from './dist/ormconfig.js';
  const options = { logger: ['error'], abortOnError: false };
  const namesOf = ({ entityMetadatas }) => entityMetadatas.map(({ name }) => name).sort();
  await commands.initialize();
  const app = await NestFactory.create(AppModule, options);
  const names = [namesOf(app.get(DataSource)), namesOf(commands)];
  await app.close();
  console.log(JSON.stringify(names));
  const imports = [AppModule, TypeOrmModule.forFeature([new EntitySchema({ name: 'Keyless', columns: {} })])];
  await NestFactory.create({ module: class {}, imports }, options);`;

describe('the entities', () => {
  let code: number | null;
  let names: string;
  let output: string;
  beforeAll(async () => {
    const result = await runNode('--input-type=module', ['--eval', PROGRAM], { env: ENV });
    names = result.stdout.split('\n', 1)[0] ?? '';
    ({ code } = result);
    output = result.stdout + result.stderr;
  });

  it('of the modules are those that the migration commands find by file name', () => {
    expect(output).toMatch(/^\[/);
    const [ofModules, found] = JSON.parse(names) as [string[], string[]];
    expect(found.length).toBeGreaterThan(5);
    expect(ofModules).toEqual(found);
  });

  it('are checked at startup, without a database and without a retry', () => {
    expect(code).toBe(1);
    expect(output).toContain('Entity "Keyless" does not have a primary column.');
    expect(output).not.toContain('Unable to connect to the database');
  });
});
