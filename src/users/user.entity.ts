import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { ROLES, type Role } from '../common/role.js';

/** The unique index on `lower(email)`. Only the migration creates it, because TypeORM cannot express it. */
export const UNIQUE_EMAIL = 'uq_users_email';

@Entity('users')
@Check('ck_users_role', `role IN (${ROLES.map((role) => `'${role}'`).join(', ')})`)
@Check('ck_users_email', `char_length(email) BETWEEN 3 AND 254`)
@Index(UNIQUE_EMAIL, { synchronize: false })
@Check('ck_users_invitation', `invitation IN ('due', 'sent')`)
@Index('ix_users_invitation_due', ['id'], { where: `(invitation = 'due'::text)` })
@Index('ix_users_admin', ['id'], { where: `(role = 'admin'::text)` })
export class User {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  /** Normalized with `normalizeEmail`. */
  @Column({ type: 'text' })
  email!: string;

  /** Loaded only by queries that select it explicitly. */
  @Column({ type: 'text', select: false })
  passwordHash!: string;

  /**
   * Whether a user who never had a password must still get an invitation, or got one. `null` for everyone else. Loaded only
   * by queries that select it explicitly, because no request of the user needs it.
   */
  @Column({ type: 'text', nullable: true, select: false })
  invitation?: 'due' | 'sent' | null;

  /** `null` for the first password. A new hash of the same password is not a change. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true, select: false })
  passwordChangedAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  name!: string | null;

  @Column({ type: 'text', default: 'user' })
  role!: Role;

  @Column({ type: 'boolean', default: true })
  isActive!: boolean;

  /** Whether the user has an active second factor. Every sign-in and request needs it, so it is not computed. */
  @Column({ type: 'boolean', default: false })
  hasSecondFactor!: boolean;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  emailVerifiedAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt!: Date;
}
