import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddExpiryNotices1795418924000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE sessions ADD COLUMN expiry_notice_at timestamptz(3)`);
    await queryRunner.query(`CREATE INDEX ix_sessions_expires_at ON sessions (expires_at) WHERE kind = 'key'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_sessions_expires_at`);
    await queryRunner.query(`ALTER TABLE sessions DROP COLUMN expiry_notice_at`);
  }
}
