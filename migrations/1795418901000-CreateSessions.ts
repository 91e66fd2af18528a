import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSessions1795418901000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE sessions (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        refresh_salt bytea NOT NULL,
        refresh_counter integer NOT NULL DEFAULT 0,
        refreshed_at timestamptz(3),
        user_agent text,
        device_name text,
        ip_address inet,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_seen_at timestamptz(3) NOT NULL DEFAULT now(),
        idle_expires_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        revoked_at timestamptz(3),
        revoked_reason text,
        revoked_by uuid,
        CONSTRAINT pk_sessions PRIMARY KEY (id),
        CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT ck_sessions_refresh_salt CHECK (octet_length(refresh_salt) = 32),
        CONSTRAINT ck_sessions_refresh_counter CHECK (refresh_counter >= 0),
        CONSTRAINT ck_sessions_idle_expires_at CHECK (idle_expires_at <= expires_at),
        CONSTRAINT ck_sessions_revoked CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL)),
        CONSTRAINT ck_sessions_revoked_reason CHECK (revoked_reason IN (
          'logout', 'logout_others', 'logout_all', 'admin', 'password_changed', 'password_reset',
          'refresh_reuse', 'session_limit', 'user_deactivated'))
      )`);
    await queryRunner.query(`CREATE INDEX ix_sessions_user_id_id ON sessions (user_id, id)`);
    await queryRunner.query(`CREATE INDEX ix_sessions_ip_address ON sessions (ip_address) WHERE revoked_at IS NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE sessions`);
  }
}
