import { Check, Column, Entity, Index, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import type { AuthenticationMethod } from '../../common/authentication.js';
import { User } from '../../users/user.entity.js';

export const FACTOR_KINDS = ['totp', 'passkey'] as const;

export type FactorKind = (typeof FACTOR_KINDS)[number];

/** The method that the use of a factor proves. */
export const METHOD_OF: Readonly<Record<FactorKind, AuthenticationMethod>> = { totp: 'otp', passkey: 'pop' };

/** `pg` returns a `bigint` as text. Time steps and signature counters are safe integers. */
const SAFE_INTEGER = {
  from: (value: string | null) => (value === null ? null : Number(value)),
  to: (value: number | null) => value,
};

/** A second factor of a user: an authenticator app (TOTP), or a passkey. */
@Entity('factors')
@Index(['userId'])
@Unique('uq_factors_credential_id', ['credentialId'])
@Check('ck_factors_kind', `kind IN ('totp', 'passkey')`)
@Check('ck_factors_totp', `(kind = 'totp') = (sealed_secret IS NOT NULL) AND (kind = 'totp' OR last_step IS NULL)`)
@Check(
  'ck_factors_passkey',
  `CASE kind WHEN 'passkey' THEN num_nulls(credential_id, public_key, sign_count, is_backed_up) = 0
    ELSE num_nonnulls(credential_id, public_key, sign_count, transports, is_backed_up) = 0 END`,
)
export class Factor {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'uuid' })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  user?: User;

  @Column({ type: 'text' })
  kind!: FactorKind;

  @Column({ type: 'text', nullable: true })
  name!: string | null;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  /** When the user proved that they have it. Until then it is not active. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  confirmedAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  lastUsedAt!: Date | null;

  /** The secret of an authenticator app, encrypted with a key of the server. */
  @Column({ type: 'bytea', nullable: true })
  sealedSecret!: Buffer | null;

  /** The time step (RFC 6238) of the last code that was used. Neither it nor an earlier one works again. */
  @Column({ type: 'bigint', nullable: true, transformer: SAFE_INTEGER })
  lastStep!: number | null;

  @Column({ type: 'bytea', nullable: true })
  credentialId!: Buffer | null;

  /** The public key of a passkey (COSE). */
  @Column({ type: 'bytea', nullable: true })
  publicKey!: Buffer | null;

  @Column({ type: 'bigint', nullable: true, transformer: SAFE_INTEGER })
  signCount!: number | null;

  @Column({ type: 'text', array: true, nullable: true })
  transports!: string[] | null;

  @Column({ type: 'boolean', nullable: true })
  isBackedUp!: boolean | null;
}
