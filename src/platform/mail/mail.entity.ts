import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { MailKind } from './mail.js';

/** A mail on its way. Its contents are sealed, because they hold tokens, and go when it is sent. */
@Entity('mails')
@Index(['nextAttemptAt'], { where: '(next_attempt_at IS NOT NULL)' })
export class MailRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  kind!: MailKind;

  @Column({ type: 'text' })
  recipient!: string;

  @Column({ type: 'bytea', nullable: true })
  sealed!: Buffer | null;

  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  /** When it is tried next, or taken from a worker that died; null once it is sent or given up. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true, default: () => 'now()' })
  nextAttemptAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  lastError!: string | null;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  sentAt!: Date | null;
}
