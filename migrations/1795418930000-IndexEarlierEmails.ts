import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexEarlierEmails1795418930000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE INDEX ix_one_time_tokens_email ON one_time_tokens (email) WHERE purpose = 'not_me'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_one_time_tokens_email`);
  }
}
