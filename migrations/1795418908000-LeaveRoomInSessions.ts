import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LeaveRoomInSessions1795418908000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Leaves room in each page for new versions of its rows, so that updates of `last_seen_at` and rotations need not
    // change the indexes. Applies to new pages. A full page gets room when its first row moves to another page.
    await queryRunner.query(`ALTER TABLE sessions SET (fillfactor = 85)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE sessions RESET (fillfactor)`);
  }
}
