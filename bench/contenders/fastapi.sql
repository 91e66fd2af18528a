-- The tables of the design, as views over Gatehouse's.
CREATE SCHEMA peer;
CREATE VIEW peer.users AS
SELECT id, email, role, is_active FROM public.users;
CREATE VIEW peer.sessions AS
SELECT id, user_id, revoked_at IS NULL AS is_active, expires_at FROM public.sessions;
