import { Body, Controller, Get, Injectable, Module, Post } from '@nestjs/common';
import { InjectDataSource, InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';
import { Public } from '../../src/http/public.decorator.js';

/** The table of `ProbeNotesModule`, which no migration creates. */
export const CREATE_PROBE_NOTES = 'CREATE TABLE probe_notes (id serial PRIMARY KEY, text text NOT NULL)';

@Entity('probe_notes')
export class ProbeNote {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  text!: string;
}

@Injectable()
export class ProbeNotesService {
  constructor(
    @InjectRepository(ProbeNote) readonly notes: Repository<ProbeNote>,
    @InjectDataSource() readonly dataSource: DataSource,
  ) {}

  findAll(): Promise<ProbeNote[]> {
    return this.notes.find();
  }

  create(text: string): Promise<ProbeNote> {
    return this.notes.save(this.notes.create({ text }));
  }
}

@Public()
@Controller('probe-notes')
export class ProbeNotesController {
  constructor(private readonly notes: ProbeNotesService) {}

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
  imports: [TypeOrmModule.forFeature([ProbeNote])],
  providers: [ProbeNotesService],
  controllers: [ProbeNotesController],
  exports: [ProbeNotesService],
})
export class ProbeNotesModule {}
