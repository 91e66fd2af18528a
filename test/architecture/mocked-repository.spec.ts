import { Test } from '@nestjs/testing';
import { getRepositoryToken } from '@nestjs/typeorm';
import { Note, NotesService } from '../support/notes-module.js';

// This file uses no database, so running it alone starts no PostgreSQL.
describe("a unit test from Nest's documentation", () => {
  const notes = { find: jest.fn<Promise<Note[]>, []>(), create: jest.fn((note: Note) => note), save: jest.fn() };
  let service: NotesService;

  beforeEach(async () => {
    const module = await Test.createTestingModule({
      providers: [NotesService, { provide: getRepositoryToken(Note), useValue: notes }],
    })
      .useMocker(() => ({}))
      .compile();
    service = module.get(NotesService);
  });
  afterEach(() => jest.resetAllMocks());

  it('runs with a mocked repository and the global jest', async () => {
    notes.find.mockResolvedValue([{ id: 1, text: 'milk' }]);
    expect(await service.findAll()).toEqual([{ id: 1, text: 'milk' }]);
    await service.create('bread');
    expect(notes.save).toHaveBeenCalledTimes(1);
  });
});
