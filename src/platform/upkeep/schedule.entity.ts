import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * When something that one instance does for all is due next. Whoever moves that time on has the run: unlike an advisory
 * lock of a connection, this holds behind a pooler in transaction mode, and ends by itself if its holder dies.
 */
@Entity('schedule')
export class ScheduleEntry {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  nextAt!: Date;
}
