import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateAuditEvents1795418902000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // No foreign keys, because events outlive the accounts and sessions that they mention.
    await queryRunner.query(`
      CREATE TABLE audit_events (
        id uuid NOT NULL,
        occurred_at timestamptz(3) NOT NULL,
        type text NOT NULL,
        outcome text NOT NULL,
        reason text,
        user_id uuid,
        actor_id uuid,
        session_id uuid,
        actor_session_id uuid,
        ip_address inet,
        user_agent text,
        device_name text,
        details jsonb,
        CONSTRAINT pk_audit_events PRIMARY KEY (id),
        CONSTRAINT ck_audit_events_outcome CHECK (outcome IN ('success', 'failure'))
      )`);
    await queryRunner.query(
      `CREATE INDEX ix_audit_events_user_id_id ON audit_events (user_id, id) WHERE user_id IS NOT NULL`,
    );
    await queryRunner.query(
      `CREATE INDEX ix_audit_events_actor_id_id ON audit_events (actor_id, id) WHERE actor_id IS NOT NULL`,
    );
    await queryRunner.query(`CREATE INDEX ix_audit_events_type_id ON audit_events (type, id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE audit_events`);
  }
}
