import { Column, Entity, PrimaryColumn } from 'typeorm';

/** When a task that one instance does for all is due next. `ScheduleLease` moves that time. */
@Entity('schedule')
export class ScheduleEntry {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  nextAt!: Date;
}
