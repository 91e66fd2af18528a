import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateMails1795418904000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE mails (
        id uuid NOT NULL,
        kind text NOT NULL,
        recipient text NOT NULL,
        sealed bytea,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3) DEFAULT now(),
        last_error text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        sent_at timestamptz(3),
        CONSTRAINT pk_mails PRIMARY KEY (id)
      )`);
    // Mails that were sent or given up have no next attempt, so the index stays small.
    await queryRunner.query(
      `CREATE INDEX ix_mails_next_attempt_at ON mails (next_attempt_at) WHERE next_attempt_at IS NOT NULL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE mails`);
  }
}
