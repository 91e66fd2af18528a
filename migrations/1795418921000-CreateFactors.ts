import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateFactors1795418921000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE factors (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        kind text NOT NULL,
        name text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        confirmed_at timestamptz(3),
        last_used_at timestamptz(3),
        sealed_secret bytea,
        last_step bigint,
        credential_id bytea,
        public_key bytea,
        sign_count bigint,
        transports text[],
        is_backed_up boolean,
        CONSTRAINT pk_factors PRIMARY KEY (id),
        CONSTRAINT fk_factors_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT uq_factors_credential_id UNIQUE (credential_id),
        CONSTRAINT ck_factors_kind CHECK (kind IN ('totp', 'passkey')),
        CONSTRAINT ck_factors_totp CHECK ((kind = 'totp') = (sealed_secret IS NOT NULL) AND (kind = 'totp' OR last_step IS NULL)),
        CONSTRAINT ck_factors_passkey CHECK (
          CASE kind
            WHEN 'passkey' THEN num_nulls(credential_id, public_key, sign_count, is_backed_up) = 0
            ELSE num_nonnulls(credential_id, public_key, sign_count, transports, is_backed_up) = 0
          END)
      )`);
    await queryRunner.query(`CREATE INDEX ix_factors_user_id ON factors (user_id)`);
    await queryRunner.query(`
      CREATE TABLE recovery_codes (
        user_id uuid NOT NULL,
        hash bytea NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT pk_recovery_codes PRIMARY KEY (user_id, hash),
        CONSTRAINT fk_recovery_codes_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT ck_recovery_codes_hash CHECK (octet_length(hash) = 32)
      )`);
    await queryRunner.query(`
      CREATE TABLE sign_in_challenges (
        hash bytea NOT NULL,
        user_id uuid NOT NULL,
        user_agent text,
        failures integer NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT pk_sign_in_challenges PRIMARY KEY (hash),
        CONSTRAINT fk_sign_in_challenges_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT ck_sign_in_challenges_hash CHECK (octet_length(hash) = 32),
        CONSTRAINT ck_sign_in_challenges_failures CHECK (failures >= 0)
      )`);
    await queryRunner.query(`CREATE INDEX ix_sign_in_challenges_user_id ON sign_in_challenges (user_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE sign_in_challenges, recovery_codes, factors`);
    await queryRunner.query(`UPDATE users SET has_second_factor = false WHERE has_second_factor`);
  }
}
