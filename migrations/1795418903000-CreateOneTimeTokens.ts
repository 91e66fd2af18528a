import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateOneTimeTokens1795418903000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE one_time_tokens (
        hash bytea NOT NULL,
        purpose text NOT NULL,
        user_id uuid NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT pk_one_time_tokens PRIMARY KEY (hash),
        CONSTRAINT fk_one_time_tokens_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT ck_one_time_tokens_hash CHECK (octet_length(hash) = 32),
        CONSTRAINT ck_one_time_tokens_purpose CHECK (purpose IN ('password_reset', 'email_verification', 'not_me'))
      )`);
    await queryRunner.query(`CREATE INDEX ix_one_time_tokens_user_id_purpose ON one_time_tokens (user_id, purpose)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE one_time_tokens`);
  }
}
