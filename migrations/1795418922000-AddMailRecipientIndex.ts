import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddMailRecipientIndex1795418922000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // For the number of recent mails to an email. Sent mails are pruned, so the table is small and the index built fast.
    await queryRunner.query(`CREATE INDEX ix_mails_recipient_created_at ON mails (recipient, created_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_mails_recipient_created_at`);
  }
}
