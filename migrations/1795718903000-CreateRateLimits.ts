import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRateLimits1795718903000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Unlogged: no request waits for the disk because it was counted. A crash of the server or a failover empties
    // the table, and every window begins anew, which is the worst that a lost count can do.
    await queryRunner.query(`
      CREATE UNLOGGED TABLE rate_limits (
        key text NOT NULL,
        points integer NOT NULL,
        expire bigint NOT NULL,
        CONSTRAINT pk_rate_limits PRIMARY KEY (key)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE rate_limits`);
  }
}
