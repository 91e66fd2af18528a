import { Check, Column, Entity, Index, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../../users/user.entity.js';

/**
 * A sign-in whose password was correct and whose second factor is still missing. The client has the token, and the row
 * only its hash. It works once, for its user, on its device.
 */
@Entity('sign_in_challenges')
@Index(['userId'])
@Check('ck_sign_in_challenges_hash', `octet_length(hash) = 32`)
@Check('ck_sign_in_challenges_failures', `failures >= 0`)
export class SignInChallenge {
  /** SHA-256 of the token's bytes. 256 random bits need neither a slow hash nor a salt. */
  @PrimaryColumn({ type: 'bytea' })
  hash!: Buffer;

  @Column({ type: 'uuid' })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  user?: User;

  @Column({ type: 'text', nullable: true })
  userAgent!: string | null;

  /** How many wrong factors were sent. */
  @Column({ type: 'integer', default: 0 })
  failures!: number;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  expiresAt!: Date;
}
