/** Changes of the tables that guards read, as migrations make them while the application runs. Together they change nothing. */
export const SCHEMA_CHANGES = [
  'ALTER TABLE users ALTER COLUMN name TYPE varchar(500)',
  'ALTER TABLE users ALTER COLUMN name TYPE text',
  'ALTER TABLE users ALTER COLUMN email_verified_at TYPE timestamptz(6)',
  'ALTER TABLE users ALTER COLUMN email_verified_at TYPE timestamptz(3)',
  'ALTER TABLE users ADD COLUMN nickname text NOT NULL DEFAULT md5(random()::text)',
  'ALTER TABLE users DROP COLUMN nickname',
  "ALTER TABLE users DROP CONSTRAINT ck_users_role, ADD CONSTRAINT ck_users_role CHECK (role IN ('user', 'admin', 'guest'))",
  "ALTER TABLE users DROP CONSTRAINT ck_users_role, ADD CONSTRAINT ck_users_role CHECK (role IN ('user', 'admin'))",
  'ALTER TABLE sessions ALTER COLUMN revoked_reason TYPE varchar(100)',
  'ALTER TABLE sessions ALTER COLUMN revoked_reason TYPE text',
  'ALTER TABLE sessions ADD COLUMN country text',
  'ALTER TABLE sessions DROP COLUMN country',
  'ALTER TABLE sessions DROP CONSTRAINT ck_sessions_refresh_counter',
  'ALTER TABLE sessions ADD CONSTRAINT ck_sessions_refresh_counter CHECK (refresh_counter >= 0)',
  // One transaction that locks both tables, in the other order than a lookup. They may deadlock.
  `BEGIN;
   ALTER TABLE users ALTER COLUMN name TYPE varchar(400);
   ALTER TABLE sessions ALTER COLUMN revoked_reason TYPE varchar(90);
   COMMIT`,
  `BEGIN;
   ALTER TABLE sessions ALTER COLUMN revoked_reason TYPE text;
   ALTER TABLE users ALTER COLUMN name TYPE text;
   COMMIT`,
] as const;
