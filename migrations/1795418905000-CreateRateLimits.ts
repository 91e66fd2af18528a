import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRateLimits1795418905000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Unlogged, so that no request waits for the disk. A crash or failover empties the table, which only restarts the
    // windows.
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
