import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import { UserHooks } from '../../users/user-hooks.js';

/**
 * Voids pending changes of the email, because a thief may have requested them. This happens when a session is revoked,
 * when an inactive account is activated, and when second factors are reset. A sign-out on one device, the session limit
 * and the revocation of an API key keep them.
 */
@Injectable()
export class PendingEmailChangesRepository implements OnModuleInit {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly userHooks: UserHooks,
  ) {}

  onModuleInit(): void {
    this.sessions.onRevoked(
      `DELETE FROM one_time_tokens WHERE purpose = 'email_change'
          AND user_id IN (SELECT user_id FROM revoked WHERE revoked_reason NOT IN ('logout', 'session_limit', 'key_revoked'))`,
    );
    this.userHooks.onActivated((manager, userId) => this.void(manager, userId));
  }

  async void(manager: EntityManager, userId: string): Promise<void> {
    await manager.query(`DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = 'email_change'`, [userId]);
  }
}
