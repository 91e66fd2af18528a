import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

@Injectable()
export class EmailsRepository {
  /**
   * Returns whether an account other than this one has the email, or had it and can still restore it with a `not_me`
   * token. Otherwise a thief who changed an email could register the earlier one, and the owner could not restore it.
   */
  async isTaken(manager: EntityManager, email: string, userId: string): Promise<boolean> {
    const [row] = await manager.query<{ isTaken: boolean }[]>(
      `SELECT EXISTS (SELECT FROM users WHERE lower(email) = lower($1) AND id <> $2)
           OR EXISTS (SELECT FROM one_time_tokens t JOIN users u ON u.id = t.user_id
                       WHERE t.email = $1 AND t.purpose = 'not_me' AND t.expires_at > now()
                         AND t.user_id <> $2 AND u.email <> t.email) AS "isTaken"`,
      [email, userId],
    );
    return row?.isTaken ?? false;
  }
}
