-- Splits `sessions` into 16 hash partitions by user. Run it once, as the owner, after the migrations:
--   psql --set ON_ERROR_STOP=1 --file docs/scaling/partition-sessions.sql
-- Locks the table while it copies the rows: about a minute per 10 million. Change both 16 and 15 for another number.
BEGIN;
LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE;
ALTER TABLE sessions RENAME TO sessions_unpartitioned;

CREATE TABLE sessions (LIKE sessions_unpartitioned INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY HASH (user_id);

DO $$
DECLARE
  relation text;
  access record;
BEGIN
  FOR i IN 0..15 LOOP
    EXECUTE format(
      'CREATE TABLE sessions_%s PARTITION OF sessions FOR VALUES WITH (MODULUS 16, REMAINDER %s) WITH (fillfactor = 85)',
      i, i);
  END LOOP;
  -- Pruning deletes from each partition, so the roles need their rights on the partitions too.
  FOREACH relation IN ARRAY 'sessions'::text || ARRAY(SELECT format('sessions_%s', i) FROM generate_series(0, 15) AS i) LOOP
    FOR access IN
      SELECT grantee, privilege_type FROM information_schema.role_table_grants
       WHERE table_schema = current_schema() AND table_name = 'sessions_unpartitioned' AND grantee <> current_user
    LOOP
      EXECUTE format('GRANT %s ON %I TO %I', access.privilege_type, relation, access.grantee);
    END LOOP;
  END LOOP;
END $$;

INSERT INTO sessions SELECT * FROM sessions_unpartitioned;
DROP TABLE sessions_unpartitioned;

ALTER TABLE sessions ADD CONSTRAINT pk_sessions PRIMARY KEY (user_id, id);
-- For lists and for admins, who give only the session ID. IDs contain 74 random bits, so uniqueness needs no index.
CREATE INDEX ix_sessions_id ON sessions (id);
CREATE INDEX ix_sessions_ip_address ON sessions (ip_address) WHERE revoked_at IS NULL;
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at) WHERE kind = 'key';
ALTER TABLE sessions ADD CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
COMMIT;
ANALYZE sessions;
