import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getRepositoryToken, InjectRepository } from '@nestjs/typeorm';
import { Column, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';

@Entity()
class Note {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  text!: string;
}

@Injectable()
class NotesService {
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}

  findTexts(): Promise<string[]> {
    return this.notes.find().then((notes) => notes.map(({ text }) => text));
  }
}

describe('a provider with an injected repository', () => {
  it('is tested with a mocked repository, without a database', async () => {
    const find = jest.fn().mockResolvedValue([{ id: 1, text: 'buy milk' }]);
    const module = await Test.createTestingModule({
      providers: [NotesService, { provide: getRepositoryToken(Note), useValue: { find } }],
    }).compile();
    expect(await module.get(NotesService).findTexts()).toEqual(['buy milk']);
    expect(find).toHaveBeenCalledTimes(1);
  });
});
