import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A mail in the outbox. Its contents are encrypted, because they include a token, and deleted after delivery. */
@Entity('mails')
@Index(['recipient', 'createdAt'])
@Index(['nextAttemptAt'], { where: '(next_attempt_at IS NOT NULL)' })
export class MailRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  kind!: string;

  @Column({ type: 'text' })
  recipient!: string;

  @Column({ type: 'bytea', nullable: true })
  sealed!: Buffer | null;

  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  /** When the next attempt is due, or the lease of the current one ends. `null` after delivery or the last attempt. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true, default: () => 'now()' })
  nextAttemptAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  lastError!: string | null;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  sentAt!: Date | null;
}
