import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddInvitations1795418931000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE users
        ADD COLUMN invitation text,
        ADD CONSTRAINT ck_users_invitation CHECK (invitation IN ('due', 'sent'))`);
    await queryRunner.query(`CREATE INDEX ix_users_invitation_due ON users (id) WHERE invitation = 'due'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_users_invitation_due`);
    await queryRunner.query(`ALTER TABLE users DROP COLUMN invitation`);
  }
}
