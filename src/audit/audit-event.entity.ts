import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { AuditDetails, AuditOutcome, AuditType } from './audit-event.js';

/** One thing that happened. Rows are only ever added, and taken away by age. */
@Entity('audit_events')
@Index(['userId', 'id'])
@Index(['type', 'id'])
@Check('ck_audit_events_outcome', `outcome IN ('success', 'failure')`)
export class AuditEvent {
  /** Its order in time, too: a UUID version 7. */
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'clock_timestamp()' })
  occurredAt!: Date;

  @Column({ type: 'text' })
  type!: AuditType;

  @Column({ type: 'text' })
  outcome!: AuditOutcome;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  /** Whose account it concerns. No foreign key: the record outlives the account. */
  @Column({ type: 'uuid', nullable: true })
  userId!: string | null;

  /** Who did it. */
  @Column({ type: 'uuid', nullable: true })
  actorId!: string | null;

  @Column({ type: 'uuid', nullable: true })
  sessionId!: string | null;

  @Column({ type: 'inet', nullable: true })
  ipAddress!: string | null;

  @Column({ type: 'text', nullable: true })
  userAgent!: string | null;

  @Column({ type: 'jsonb', nullable: true })
  details!: AuditDetails | null;
}
