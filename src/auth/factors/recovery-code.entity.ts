import { Check, Column, Entity, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../../users/user.entity.js';

/** A code that replaces a second factor once. Used codes are deleted. */
@Entity('recovery_codes')
@Check('ck_recovery_codes_hash', `octet_length(hash) = 32`)
export class RecoveryCode {
  @PrimaryColumn({ type: 'uuid' })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  user?: User;

  /** SHA-256 of the user ID and the code. 120 random bits need no slow hash. */
  @PrimaryColumn({ type: 'bytea' })
  hash!: Buffer;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
