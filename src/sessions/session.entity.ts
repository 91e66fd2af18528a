import { Check, Column, Entity, Index, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Authentications } from '../common/authentication.js';
import type { SessionKind } from '../common/principal.js';
import { User } from '../users/user.entity.js';
import type { RevocationReason } from './revocation.js';

/**
 * A credential: one sign-in on one device, or an API key. The row decides whether its tokens still work. A copy of the
 * row does not let anyone sign in. No index covers `last_seen_at`, so that updating it stays a heap-only update.
 */
@Entity('sessions')
@Index(['userId', 'id'])
@Index(['ipAddress'], { where: '(revoked_at IS NULL)' })
@Index(['expiresAt'], { where: `(kind = 'key'::text)` })
@Check('ck_sessions_refresh_salt', `octet_length(refresh_salt) = 32`)
@Check('ck_sessions_refresh_counter', `refresh_counter >= 0`)
@Check('ck_sessions_idle_expires_at', `idle_expires_at <= expires_at`)
@Check('ck_sessions_revoked', `(revoked_at IS NULL) = (revoked_reason IS NULL)`)
@Check(
  'ck_sessions_revoked_reason',
  `revoked_reason IN ('logout', 'logout_others', 'logout_all', 'admin', 'password_changed', 'password_reset', 'refresh_reuse', 'session_limit', 'user_deactivated', 'key_revoked', 'factors_reset')`,
)
@Check('ck_sessions_kind', `kind IN ('sign_in', 'key')`)
@Check('ck_sessions_scopes', `scopes IS NULL OR kind = 'key'`)
export class Session {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'uuid' })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  user?: User;

  @Column({ type: 'text', default: 'sign_in' })
  kind!: SessionKind;

  /** The scopes of an API key. `null` for a key without limits. */
  @Column({ type: 'text', array: true, nullable: true })
  scopes!: string[] | null;

  /**
   * When its owner last authenticated in this session, by method. An API key has those of the session that created it.
   * Empty in sessions of earlier versions.
   */
  @Column({ type: 'jsonb', default: {} })
  authentications!: Authentications;

  /** 256 random bits. With the server's secret they derive the key of this session's refresh tokens. */
  @Column({ type: 'bytea' })
  refreshSalt!: Buffer;

  /** The number of rotations. The current refresh token contains it. */
  @Column({ type: 'integer', default: 0 })
  refreshCounter!: number;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  refreshedAt!: Date | null;

  /**
   * Whether the current token pair was used, which shows that the client received it. False after a rotation until the
   * first use. While it is false, the previous refresh token returns the current one again. Of an API key: whether it was
   * used.
   */
  @Column({ type: 'boolean', default: true })
  isPairUsed!: boolean;

  @Column({ type: 'text', nullable: true })
  userAgent!: string | null;

  /** The name that the client sent at sign-in, or the name of the key. */
  @Column({ type: 'text', nullable: true })
  deviceName!: string | null;

  @Column({ type: 'inet', nullable: true })
  ipAddress!: string | null;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  lastSeenAt!: Date;

  /** The idle timeout. A refresh extends it, up to the absolute timeout. */
  @Column({ type: 'timestamptz', precision: 3 })
  idleExpiresAt!: Date;

  /** The absolute timeout. It is never extended. */
  @Column({ type: 'timestamptz', precision: 3 })
  expiresAt!: Date;

  /** When the mail about the expiry of the key was queued. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  expiryNoticeAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  revokedAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  revokedReason!: RevocationReason | null;

  /** The user who revoked it. Not a foreign key, because the value must outlive that user's account. */
  @Column({ type: 'uuid', nullable: true })
  revokedBy!: string | null;
}
