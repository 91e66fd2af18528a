import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Database } from '../../src/platform/database/database.js';
import { DatabaseUnavailableError } from '../../src/platform/database/pg-errors.js';
import { CREATE_NOTES, Note, NotesModule, NotesService } from '../support/notes-module.js';
import { TestApp } from '../support/test-app.js';

@Injectable()
class LastWords implements OnApplicationShutdown {
  constructor(private readonly notes: NotesService) {}

  async onApplicationShutdown(): Promise<void> {
    await this.notes.create('from a provider');
  }
}

@Module({ imports: [NotesModule], providers: [LastWords] })
class FeatureModule {}

@Global()
@Module({ imports: [TypeOrmModule.forFeature([Note])] })
class GlobalModule implements OnApplicationShutdown {
  constructor(private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.transaction((manager) => manager.insert(Note, { text: 'from a global module' }));
  }
}

describe('at shutdown, the pool', () => {
  let direct: TestApp;
  beforeAll(async () => {
    direct = await TestApp.start();
    await direct.database.query(CREATE_NOTES);
  });
  afterAll(() => direct.close());

  it('closes after every module has written, and stays closed', async () => {
    const app = await TestApp.start({ database: direct.database, imports: [FeatureModule, GlobalModule] });
    await app.close();
    const rows = await direct.database.query<{ text: string }>('SELECT text FROM notes ORDER BY text');
    expect(rows.map(({ text }) => text)).toEqual(['from a global module', 'from a provider']);
    await expect(app.app.get(NotesService).findAll()).rejects.toThrow(DatabaseUnavailableError);
    expect(app.app.get(Database).pool()).toEqual({ total: 0, idle: 0, waiting: 0 });
  });

  it('is not opened by the shutdown of an application that never used it', async () => {
    const app = await TestApp.start({ database: direct.database, imports: [NotesModule] });
    await app.close();
    expect(app.app.get(Database).pool()).toEqual({ total: 0, idle: 0, waiting: 0 });
  });
});
