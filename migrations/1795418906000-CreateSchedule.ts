import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSchedule1795418906000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE schedule (
        name text NOT NULL,
        next_at timestamptz(3) NOT NULL,
        CONSTRAINT pk_schedule PRIMARY KEY (name)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE schedule`);
  }
}
