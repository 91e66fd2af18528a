import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddTokenPairUse1795418911000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Existing pairs count as used, so that older refresh tokens stay rejected.
    await queryRunner.query(`ALTER TABLE sessions ADD COLUMN is_pair_used boolean NOT NULL DEFAULT true`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE sessions DROP COLUMN is_pair_used`);
  }
}
