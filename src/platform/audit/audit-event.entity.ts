import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { AuditDetails, AuditOutcome, AuditType } from './audit-event.js';

/** A recorded event. Rows are never updated. `AuditPruner` deletes old ones. */
@Entity('audit_events')
@Index(['userId', 'id'], { where: '(user_id IS NOT NULL)' })
@Index(['actorId', 'id'], { where: '(actor_id IS NOT NULL)' })
@Index(['type', 'id'])
@Check('ck_audit_events_outcome', `outcome IN ('success', 'failure')`)
export class AuditEvent {
  /** A UUID version 7 with the time of `occurredAt`, so that a range of times is a range of IDs. */
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

  /** The account that the event is about. Not a foreign key, because the event outlives the account. */
  @Column({ type: 'uuid', nullable: true })
  userId!: string | null;

  /** The user who acted. `null` for the system, commands and unauthenticated clients. */
  @Column({ type: 'uuid', nullable: true })
  actorId!: string | null;

  /** The session that the event is about. */
  @Column({ type: 'uuid', nullable: true })
  sessionId!: string | null;

  /** The session of the actor. */
  @Column({ type: 'uuid', nullable: true })
  actorSessionId!: string | null;

  /** The IP address of the actor. */
  @Column({ type: 'inet', nullable: true })
  ipAddress!: string | null;

  @Column({ type: 'text', nullable: true })
  userAgent!: string | null;

  /** The name that the device has given itself. Only sign-ins have one. */
  @Column({ type: 'text', nullable: true })
  deviceName!: string | null;

  @Column({ type: 'jsonb', nullable: true })
  details!: AuditDetails | null;
}
