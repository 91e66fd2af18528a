import { summarize } from './statement-meter.js';

const TABLES = new Set(['users', 'sessions', 'mails']);

it.each([
  ['SELECT "user"."id" FROM "users" "user" WHERE id = $1 FOR UPDATE SKIP LOCKED', 'SELECT users'],
  ['INSERT INTO "users"("id") VALUES ($1)', 'INSERT users'],
  ['WITH due AS (SELECT id FROM mails FOR UPDATE) UPDATE mails SET x = 1', 'UPDATE mails'],
  ['DELETE FROM public.sessions WHERE true', 'DELETE sessions'],
  ['SELECT s.id FROM due JOIN (SELECT FROM sessions) s', 'SELECT sessions'],
  ['START TRANSACTION', 'START TRANSACTION'],
  ['COMMIT', 'COMMIT'],
  ['SELECT 1 FROM "user-4711"', 'SELECT'],
  ['VACUUM users_4711', 'OTHER'],
])('summarizes a statement by its operation and the table of an entity: %s', (text, summary) => {
  expect(summarize(text, TABLES)).toBe(summary);
});
