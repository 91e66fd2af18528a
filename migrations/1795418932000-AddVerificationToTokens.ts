import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddVerificationToTokens1795418932000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE one_time_tokens ADD COLUMN email_verified_at timestamptz(3)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE one_time_tokens DROP COLUMN email_verified_at`);
  }
}
