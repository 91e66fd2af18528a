import { Check, Column, Entity, Index, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../../users/user.entity.js';

/**
 * The action that a token permits: setting a password, verifying an email, reporting *this was not me*, confirming a new
 * email, or accepting an invitation.
 */
export type TokenPurpose = (typeof TOKEN_PURPOSES)[number];

export const TOKEN_PURPOSES = ['password_reset', 'email_verification', 'not_me', 'email_change', 'invitation'] as const;

/** Long enough for users who read their mail after a holiday. */
export const NOT_ME_TTL_MS = 7 * 86_400_000;

/**
 * A token that works once. Only its hash is stored, so that a copy of the table is useless. Used and void tokens are
 * deleted, because no response says why a token does not work.
 */
@Entity('one_time_tokens')
@Index(['userId', 'purpose'])
@Index('ix_one_time_tokens_email', ['email'], { where: `(purpose = 'not_me'::text)` })
@Check('ck_one_time_tokens_hash', `octet_length(hash) = 32`)
@Check(
  'ck_one_time_tokens_purpose',
  `purpose IN ('password_reset', 'email_verification', 'not_me', 'email_change', 'invitation')`,
)
export class OneTimeToken {
  /** SHA-256 of the token's bytes. 256 random bits need neither a slow hash nor a salt. */
  @PrimaryColumn({ type: 'bytea' })
  hash!: Buffer;

  @Column({ type: 'text' })
  purpose!: TokenPurpose;

  @Column({ type: 'uuid' })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  user?: User;

  /** The new email of an `email_change`. In a `not_me`, the email it was sent to, which the link restores. */
  @Column({ type: 'text', nullable: true })
  email!: string | null;

  /** In a `not_me`, when `email` was verified, or `null` if it was not. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  emailVerifiedAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  expiresAt!: Date;
}
