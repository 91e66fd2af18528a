import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../../users/user.entity.js';
import type { TokenPurpose } from './token-purpose.js';

/**
 * A token that works once. Only its hash is stored, so a copy of the table opens nothing. A row that is used or void is
 * deleted: nobody is told why a token does not work, so nobody needs to know.
 */
@Entity('one_time_tokens')
@Index(['userId', 'purpose'])
@Check('ck_one_time_tokens_hash', `octet_length(hash) = 32`)
@Check('ck_one_time_tokens_purpose', `purpose IN ('password_reset', 'email_verification', 'not_me')`)
export class OneTimeToken {
  /** SHA-256 of the token's bytes. 256 random bits need no slow hash and no salt. */
  @PrimaryColumn({ type: 'bytea' })
  hash!: Buffer;

  @Column({ type: 'text' })
  purpose!: TokenPurpose;

  @Column({ type: 'uuid' })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id' })
  user?: User;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  expiresAt!: Date;
}
