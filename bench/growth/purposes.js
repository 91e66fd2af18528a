// What each statement is for. One that has no name here fails the bench, so that none is overlooked.

/** @type {readonly (readonly [RegExp, string])[]} the first that fits */
const PURPOSES = [
  [/FROM sessions s JOIN users u .* = ANY\(\$1::uuid\[\]\)/, 'the guards: sessions with their users, by id'],
  [/refresh_salt, s.refresh_counter.* WHERE s.id = \$1$/, 'a refresh: the session with its user, by id'],
  [/^UPDATE sessions SET refresh_counter/, 'a refresh: rotate'],
  [/FOR SHARE OF s$/, 'a slow act: hold the session of the one who acts'],
  [/^SELECT FROM users WHERE id = \(SELECT user_id FROM sessions/, 'a slow act: hold the user who acts'],
  [/^WITH traced AS/, 'the sessions of an account that know a device'],
  [/FROM "sessions".* OFFSET \d+$/, 'the sessions of a user beyond the limit'],
  [/^INSERT INTO "sessions"/, 'begin a session'],
  [/^WITH revoked AS .* WHERE "session"."id" = ANY\(/, 'end some sessions, by ids'],
  [/^WITH revoked AS .* WHERE "session"."id" = /, 'end one session'],
  [/^WITH revoked AS .* WHERE ("session"."id" <> \$\d+ AND )?"session"."user_id" = /, 'end the sessions of a user'],
  [/^WITH revoked AS .* WHERE "session"."ip_address" = /, 'end the sessions of an address'],
  [/^SELECT COUNT.* FROM "sessions" .* WHERE "session"."user_id" = /, 'count the sessions of a user'],
  [/^SELECT COUNT.* FROM "sessions" .* WHERE "session"."ip_address" = /, 'count the sessions of an address'],
  [/^SELECT COUNT.* FROM "sessions" .* WHERE "session"."created_at" < /, 'count the sessions begun before a time'],
  [
    /FROM "sessions" .* WHERE "session"."user_id" = .* ORDER BY "session"."last_seen_at"/,
    'my sessions, last seen first',
  ],
  [/FROM "sessions" .* ORDER BY "session"."id" DESC LIMIT/, 'a page of sessions'],
  [/FROM "sessions" "\w+" WHERE \(*"\w+"."id" = \$1\)*( LIMIT 1)?$/i, 'a session, by id'],
  [/FROM "sessions" .* LIMIT 1 FOR NO KEY UPDATE$/, 'lock a session'],
  [/^UPDATE "sessions" SET "expires_at"/, "bring a session's end forward"],
  [/^UPDATE sessions SET last_seen_at/, 'sessions that were seen, after the answer'],
  [/^DELETE FROM ONLY "public"."sessions"/, 'with a user, their sessions'],
  [/^DELETE FROM ONLY "public"."one_time_tokens"/, 'with a user, their tokens'],
  [/^SELECT 1 FROM ONLY "public"."users"/, 'whose row a new one belongs to'],
  [/^INSERT INTO "users"/, 'create a user'],
  [/FROM "users" .* OR .* FOR NO KEY UPDATE$/, 'lock a user and all active admins'],
  [/FROM "users" .* "password_hash" = .* FOR NO KEY UPDATE$/, 'lock a user, if the password is the same'],
  [/FROM "users" .* lower\(\$1\).* FOR NO KEY UPDATE$/, 'lock an active user, by address'],
  [/FROM "users" .* FOR NO KEY UPDATE$/, 'lock a user, by id'],
  [/FROM "users" .* lower\(\$1\)/, 'a user, by address'],
  [/FROM "users" .* ILIKE .* LIMIT \d+$/, 'a page of users: a search'],
  [/FROM "users" .* ORDER BY "user"."id" DESC LIMIT \d+$/, 'a page of users'],
  [/FROM "users" "\w+" WHERE \(*"\w+"."id" = \$1/, 'a user, by id'],
  [/^UPDATE "users"/, 'change a user'],
  [/^DELETE FROM "users"/, 'delete a user'],
  [/^INSERT INTO audit_events/, 'record an event'],
  [/FROM "audit_events" .* ORDER BY "event"."id" DESC LIMIT/, 'a page of events'],
  [/^SELECT count.* FROM one_time_tokens/, 'how many links a user had lately'],
  [/^SELECT user_id FROM one_time_tokens/, 'whose a link is'],
  [/^DELETE FROM one_time_tokens WHERE hash/, 'use a link up'],
  [/^DELETE FROM one_time_tokens WHERE user_id/, 'void the links of a user'],
  [/^INSERT INTO one_time_tokens/, 'issue a link'],
  [/^INSERT INTO mails/, 'post a mail'],
  [/^WITH due AS MATERIALIZED/, 'claim mails, after the answer'],
  [/^UPDATE mails/, 'what became of a mail, after the answer'],
  [/^INSERT INTO "rate_limits"/, 'count for a limit'],
  [/^SELECT pg_advisory_xact_lock/, 'queue for an address'],
  [/^SELECT name FROM migrations/, 'which migrations have run'],
  [/^SELECT 1$/, 'is anybody there'],
];

/** @param {string} text of a statement @returns {string} */
export function purposeOf(text) {
  const purpose = PURPOSES.find(([pattern]) => pattern.test(text))?.[1];
  if (purpose === undefined) throw new Error(`Say in bench/growth/purposes.js what this is for: ${text}`);
  return purpose;
}
