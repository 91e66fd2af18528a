import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key's present window. The library that counts has written the names and the order of the columns. */
@Entity('rate_limits')
export class RateLimitRow {
  /** The policy, and a hash of claims it counts: no address of a person stands here. */
  @PrimaryColumn({ type: 'text' })
  key!: string;

  @Column({ type: 'integer' })
  points!: number;

  /** When the window ends, in milliseconds since 1970, by the clock of the instance that began it. */
  @Column({ type: 'bigint' })
  expire!: string;
}
