import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { User } from './user.entity.js';

export type ImportedUserRow = Pick<
  User,
  'id' | 'email' | 'passwordHash' | 'name' | 'role' | 'isActive' | 'invitation'
> & {
  /** `now` is the time of the insert, by the database's clock. */
  readonly emailVerifiedAt: Date | 'now' | null;
};

export type ExistingUser = Pick<User, 'id' | 'email' | 'name' | 'role' | 'isActive'>;

@Injectable()
export class UserImportRepository {
  /**
   * Inserts the users whose email is not taken, and returns their IDs. The unique index decides, so that parallel imports
   * and registrations cannot create an account twice. Skips emails that an account had and can still restore. Inserts in
   * email order, so that two imports cannot deadlock.
   */
  async insertNew(manager: EntityManager, rows: readonly ImportedUserRow[]): Promise<Set<string>> {
    const inserted = await manager.query<{ id: string }[]>(
      `INSERT INTO users (id, email, password_hash, name, role, is_active, email_verified_at, invitation)
       SELECT given.id, given.email, "passwordHash", name, role, "isActive", "emailVerifiedAt"::timestamptz, invitation
         FROM jsonb_to_recordset($1::jsonb) AS given(
                id uuid, email text, "passwordHash" text, name text, role text, "isActive" boolean, "emailVerifiedAt" text,
                invitation text)
       WHERE NOT EXISTS (SELECT FROM one_time_tokens t JOIN users u ON u.id = t.user_id
                           WHERE t.email = given.email AND t.purpose = 'not_me' AND t.expires_at > now()
                             AND u.email <> t.email)
        ORDER BY lower(email), id
           ON CONFLICT DO NOTHING
       RETURNING id`,
      [JSON.stringify(rows)],
    );
    return new Set(inserted.map(({ id }) => id));
  }

  /** Returns the users with one of these emails. */
  findByEmails(manager: EntityManager, emails: readonly string[]): Promise<ExistingUser[]> {
    return manager.query<ExistingUser[]>(
      `SELECT id, email, name, role, is_active AS "isActive" FROM users
        WHERE lower(email) = ANY (SELECT lower(given) FROM unnest($1::text[]) AS given)`,
      [emails],
    );
  }
}
