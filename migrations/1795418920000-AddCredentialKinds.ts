import type { MigrationInterface, QueryRunner } from 'typeorm';

const REASONS = `'logout', 'logout_others', 'logout_all', 'admin', 'password_changed', 'password_reset', 'refresh_reuse', 'session_limit', 'user_deactivated'`;
const PURPOSES = `'password_reset', 'email_verification', 'not_me'`;

export class AddCredentialKinds1795418920000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Constant defaults, so that no row is rewritten. Existing sessions have no time of authentication, so that they are
    // never recent enough for a step-up.
    await queryRunner.query(`
      ALTER TABLE sessions
        ADD COLUMN kind text NOT NULL DEFAULT 'sign_in',
        ADD COLUMN scopes text[],
        ADD COLUMN authentications jsonb NOT NULL DEFAULT '{}',
        ADD CONSTRAINT ck_sessions_kind CHECK (kind IN ('sign_in', 'key')),
        ADD CONSTRAINT ck_sessions_scopes CHECK (scopes IS NULL OR kind = 'key'),
        DROP CONSTRAINT ck_sessions_revoked_reason,
        ADD CONSTRAINT ck_sessions_revoked_reason CHECK (revoked_reason IN (${REASONS}, 'key_revoked', 'factors_reset'))`);
    await queryRunner.query(`ALTER TABLE users ADD COLUMN has_second_factor boolean NOT NULL DEFAULT false`);
    await queryRunner.query(`
      ALTER TABLE one_time_tokens
        ADD COLUMN email text,
        DROP CONSTRAINT ck_one_time_tokens_purpose,
        ADD CONSTRAINT ck_one_time_tokens_purpose CHECK (purpose IN (${PURPOSES}, 'email_change', 'invitation'))`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM one_time_tokens WHERE purpose IN ('email_change', 'invitation')`);
    await queryRunner.query(`
      ALTER TABLE one_time_tokens
        DROP CONSTRAINT ck_one_time_tokens_purpose,
        ADD CONSTRAINT ck_one_time_tokens_purpose CHECK (purpose IN (${PURPOSES})),
        DROP COLUMN email`);
    await queryRunner.query(`ALTER TABLE users DROP COLUMN has_second_factor`);
    await queryRunner.query(`DELETE FROM sessions WHERE kind = 'key'`);
    await queryRunner.query(
      `UPDATE sessions SET revoked_reason = 'admin' WHERE revoked_reason IN ('key_revoked', 'factors_reset')`,
    );
    await queryRunner.query(`
      ALTER TABLE sessions
        DROP CONSTRAINT ck_sessions_revoked_reason,
        ADD CONSTRAINT ck_sessions_revoked_reason CHECK (revoked_reason IN (${REASONS})),
        DROP COLUMN authentications,
        DROP COLUMN scopes,
        DROP COLUMN kind`);
  }
}
