import { Body, Controller, Get, Injectable, Module, Post } from '@nestjs/common';
import { InjectDataSource, InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';
import { Public } from '../../src/http/public.decorator.js';

/** The table of `NotesModule`, which no migration creates. */
export const CREATE_NOTES = 'CREATE TABLE notes (id serial PRIMARY KEY, text text NOT NULL)';

@Entity('notes')
export class Note {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  text!: string;
}

@Injectable()
export class NotesService {
  constructor(
    @InjectRepository(Note) readonly notes: Repository<Note>,
    @InjectDataSource() readonly dataSource: DataSource,
  ) {}

  findAll(): Promise<Note[]> {
    return this.notes.find();
  }

  create(text: string): Promise<Note> {
    return this.notes.save(this.notes.create({ text }));
  }
}

@Public()
@Controller('notes')
export class NotesController {
  constructor(private readonly notes: NotesService) {}

  @Get()
  findAll() {
    return this.notes.findAll();
  }

  @Post()
  create(@Body() { text }: { text: string }) {
    return this.notes.create(text);
  }
}

/** A module as in Nest's documentation. */
@Module({
  imports: [TypeOrmModule.forFeature([Note])],
  providers: [NotesService],
  controllers: [NotesController],
  exports: [NotesService],
})
export class NotesModule {}
