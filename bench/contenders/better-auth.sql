-- The same users and sessions, in the tables that better-auth made.
INSERT INTO better_auth."user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
SELECT id, name, email, true, created_at, updated_at FROM public.users;
INSERT INTO better_auth.session (id, "userId", token, "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
SELECT id, user_id, replace(id::text, '-', ''), now() + interval '7 days', now(), now(), host(ip_address), user_agent
  FROM public.sessions;
ANALYZE better_auth."user", better_auth.session;
