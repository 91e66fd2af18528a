import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { AuditDetails, AuditOutcome, AuditType } from './audit-event.js';

/** One thing that happened. Rows are only ever added, and taken away by age. */
@Entity('audit_events')
@Index(['userId', 'id'], { where: '(user_id IS NOT NULL)' })
@Index(['actorId', 'id'], { where: '(actor_id IS NOT NULL)' })
@Index(['type', 'id'])
@Check('ck_audit_events_outcome', `outcome IN ('success', 'failure')`)
export class AuditEvent {
  /** A UUID version 7 of the database's clock: its time is `occurredAt`, so a span of time is a span of ids. */
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'timestamptz', precision: 3 })
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

  /** Who did it; null for the system, a command, or somebody who did not prove who they are. */
  @Column({ type: 'uuid', nullable: true })
  actorId!: string | null;

  /** Which session of the account it concerns. */
  @Column({ type: 'uuid', nullable: true })
  sessionId!: string | null;

  /** By which session it was done. */
  @Column({ type: 'uuid', nullable: true })
  actorSessionId!: string | null;

  /** Where it was done. */
  @Column({ type: 'inet', nullable: true })
  ipAddress!: string | null;

  @Column({ type: 'text', nullable: true })
  userAgent!: string | null;

  /** What the device called itself; only a sign-in says so. */
  @Column({ type: 'text', nullable: true })
  deviceName!: string | null;

  @Column({ type: 'jsonb', nullable: true })
  details!: AuditDetails | null;
}
