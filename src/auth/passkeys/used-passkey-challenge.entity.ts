import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** A challenge that a passkey has signed. Its nonce is unique, so that the response works once, on all instances. */
@Entity('used_passkey_challenges')
@Check('ck_used_passkey_challenges_nonce', `octet_length(nonce) = 16`)
export class UsedPasskeyChallenge {
  @PrimaryColumn({ type: 'bytea' })
  nonce!: Buffer;

  @Column({ type: 'timestamptz', precision: 3 })
  expiresAt!: Date;
}
