import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateUsedPasskeyChallenges1795418926000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE used_passkey_challenges (
        nonce bytea NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT pk_used_passkey_challenges PRIMARY KEY (nonce),
        CONSTRAINT ck_used_passkey_challenges_nonce CHECK (octet_length(nonce) = 16)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE used_passkey_challenges`);
  }
}
