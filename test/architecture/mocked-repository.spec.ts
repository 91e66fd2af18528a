import { Test } from '@nestjs/testing';
import { getRepositoryToken } from '@nestjs/typeorm';
import { ProbeNote, ProbeNotesService } from '../support/probe-notes-module.js';

// This file uses no database, so running it alone starts no PostgreSQL.
describe("a unit test from Nest's documentation", () => {
  const notes = {
    find: jest.fn<Promise<ProbeNote[]>, []>(),
    create: jest.fn((note: ProbeNote) => note),
    save: jest.fn(),
  };
  let service: ProbeNotesService;

  beforeEach(async () => {
    const module = await Test.createTestingModule({
      providers: [ProbeNotesService, { provide: getRepositoryToken(ProbeNote), useValue: notes }],
    })
      .useMocker(() => ({}))
      .compile();
    service = module.get(ProbeNotesService);
  });
  afterEach(() => jest.resetAllMocks());

  it('runs with a mocked repository and the global jest', async () => {
    notes.find.mockResolvedValue([{ id: 1, text: 'milk' }]);
    expect(await service.findAll()).toEqual([{ id: 1, text: 'milk' }]);
    await service.create('bread');
    expect(notes.save).toHaveBeenCalledTimes(1);
  });
});
