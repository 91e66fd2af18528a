import { Controller, Injectable, Module, Sse } from '@nestjs/common';
import { getRepositoryToken } from '@nestjs/typeorm';
import { NEVER } from 'rxjs';
import { PasswordHasher } from '../../src/platform/passwords/password-hasher.js';
import { buildSignedIn } from '../support/builders.js';
import { CREATE_PROBE_NOTES, ProbeNote, ProbeNotesModule } from '../support/probe-notes-module.js';
import { TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

@Injectable()
class Payments {
  constructor(readonly gateway: TestDatabase) {}
}

@Controller('probe-silence')
class ProbeSilentController {
  @Sse()
  stream(): typeof NEVER {
    return NEVER;
  }
}

@Module({ controllers: [ProbeSilentController] })
class SilentModule {}

@Module({ providers: [Payments] })
class IncompleteModule {}

describe('TestApp.start', () => {
  it('adds modules, with their entities, to the complete application', async () => {
    const app = await TestApp.start({ imports: [ProbeNotesModule] });
    try {
      await app.database.query(CREATE_PROBE_NOTES);
      const { accessToken } = await buildSignedIn(app);
      await app.as(accessToken).post('/probe-notes').send({ text: 'milk' }).expect(201);
      const { body } = await app.request.get('/probe-notes').expect(200);
      expect(body).toEqual([{ id: 1, text: 'milk' }]);
    } finally {
      await app.close();
    }
  });

  it('returns the head of an event stream that does not end', async () => {
    const app = await TestApp.start({ imports: [SilentModule] });
    try {
      const { accessToken } = await buildSignedIn(app);
      await app
        .as(accessToken)
        .get('/probe-silence')
        .expect(200)
        .expect('Content-Type', /^text\/event-stream/);
      await app.as(accessToken).head('/probe-silence').expect(200);
      await app.request.get('/probe-silence').expect(401);
    } finally {
      await app.close();
    }
  });

  it('replaces providers, including those of Gatehouse', async () => {
    const find = jest.fn(() => Promise.resolve([{ id: 7, text: 'from the mock' }]));
    const app = await TestApp.start({
      imports: [ProbeNotesModule],
      override: (module) => {
        module.overrideProvider(getRepositoryToken(ProbeNote)).useValue({ find });
        module.overrideProvider(PasswordHasher).useValue({ verify: () => Promise.resolve(false) });
      },
    });
    try {
      const { body } = await app.request.get('/probe-notes').expect(200);
      expect(body).toEqual([{ id: 7, text: 'from the mock' }]);
      expect(app.app.get(PasswordHasher)).not.toBeInstanceOf(PasswordHasher);
    } finally {
      await app.close();
    }
  });

  it('reports a missing provider and leaves no database behind', async () => {
    const created = jest.spyOn(TestDatabase, 'create');
    await expect(TestApp.start({ imports: [IncompleteModule] })).rejects.toThrow(/Payments \(\?\)/);
    const { url } = (await created.mock.results[0]?.value) as TestDatabase;
    created.mockRestore();
    const other = await TestDatabase.create();
    const name = new URL(url).pathname.slice(1);
    expect(await other.query('SELECT FROM pg_database WHERE datname = $1', [name])).toEqual([]);
    await other.drop();
  });
});
