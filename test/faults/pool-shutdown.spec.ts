import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Database } from '../../src/platform/database/database.js';
import { DatabaseUnavailableError } from '../../src/platform/database/pg-errors.js';
import { CREATE_PROBE_NOTES, ProbeNote, ProbeNotesModule, ProbeNotesService } from '../support/probe-notes-module.js';
import { TestApp } from '../support/test-app.js';

@Injectable()
class LastWords implements OnApplicationShutdown {
  constructor(private readonly notes: ProbeNotesService) {}

  async onApplicationShutdown(): Promise<void> {
    await this.notes.create('from a provider');
  }
}

@Module({ imports: [ProbeNotesModule], providers: [LastWords] })
class FeatureModule {}

@Global()
@Module({ imports: [TypeOrmModule.forFeature([ProbeNote])] })
class GlobalModule implements OnApplicationShutdown {
  constructor(private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.transaction((manager) => manager.insert(ProbeNote, { text: 'from a global module' }));
  }
}

describe('at shutdown, the pool', () => {
  let direct: TestApp;
  beforeAll(async () => {
    direct = await TestApp.start();
    await direct.database.query(CREATE_PROBE_NOTES);
  });
  afterAll(() => direct.close());

  it('closes after every module has written, and stays closed', async () => {
    const app = await TestApp.start({ database: direct.database, imports: [FeatureModule, GlobalModule] });
    await app.close();
    const rows = await direct.database.query<{ text: string }>('SELECT text FROM probe_notes ORDER BY text');
    expect(rows.map(({ text }) => text)).toEqual(['from a global module', 'from a provider']);
    await expect(app.app.get(ProbeNotesService).findAll()).rejects.toThrow(DatabaseUnavailableError);
    expect(app.app.get(Database).pool()).toEqual({ total: 0, idle: 0, waiting: 0 });
  });

  it('is not opened by the shutdown of an application that never used it', async () => {
    const app = await TestApp.start({ database: direct.database, imports: [ProbeNotesModule] });
    await app.close();
    expect(app.app.get(Database).pool()).toEqual({ total: 0, idle: 0, waiting: 0 });
  });
});
