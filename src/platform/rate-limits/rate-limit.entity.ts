import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The current window of one key. `rate-limiter-flexible` defines the names and the order of the columns. */
@Entity('rate_limits')
export class RateLimitRow {
  /** The policy and a hash of the subject. Contains no personal data. */
  @PrimaryColumn({ type: 'text' })
  key!: string;

  @Column({ type: 'integer' })
  points!: number;

  /** End of the window in milliseconds since 1970, by the clock of the instance that started it. */
  @Column({ type: 'bigint' })
  expire!: string;
}
