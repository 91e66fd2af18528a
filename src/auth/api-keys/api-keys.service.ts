import { Injectable } from '@nestjs/common';
import { ValidationFailedError } from '../../common/domain.error.js';
import type { Principal } from '../../common/principal.js';
import { grantableScopes } from '../../common/scope.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database } from '../../platform/database/database.js';
import { ApiKeysRepository } from '../../sessions/api-keys.repository.js';
import type { Session } from '../../sessions/session.entity.js';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { SecurityMailsService } from '../security-mails.service.js';
import { ApiKeyTokens } from './api-key.token.js';
import { KEY_CREATED } from './api-keys.audit.js';
import { KeyLimitReachedError, KeyNotFoundError } from './api-keys.errors.js';
import { keyCreated } from './api-keys.mails.js';

const DEFAULT_LIFETIME_MS = 90 * 86_400_000;

export interface NewKey {
  readonly name: string;
  /** By default, the key can do what its owner can do. */
  readonly scopes?: readonly string[] | undefined;
  readonly expiresAt?: Date | undefined;
}

/** Creates, lists and revokes the API keys of the caller. An API key is a session of the kind `key`. */
@Injectable()
export class ApiKeysService {
  private readonly maxPerUser: number;

  constructor(
    @InjectConfig() { session }: Config,
    private readonly database: Database,
    private readonly sessions: SessionsService,
    private readonly sessionsRepository: SessionsRepository,
    private readonly keys: ApiKeysRepository,
    private readonly tokens: ApiKeyTokens,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {
    this.maxPerUser = session.maxKeysPerUser;
  }

  /**
   * Creates a key and queues a mail to its owner. The key cannot be returned again.
   *
   * @throws ValidationFailedError if a scope is unknown or only admins can grant it, or if the expiry is not within a year
   * @throws KeyLimitReachedError, and the errors of `SessionsService.lockActor`
   */
  createKey(actor: Principal, { name, scopes, expiresAt }: NewKey): Promise<{ session: Session; key: string }> {
    if (scopes) assertGrantable(actor, scopes);
    const expiry = expiresAt ?? new Date(Date.now() + DEFAULT_LIFETIME_MS);
    assertWithinYear(expiry);
    const { userId, sessionId: createdIn, client } = actor;
    return this.database.transactionWithRetry(async (manager) => {
      // Locks the user, so that parallel requests cannot exceed the limit.
      const user = await this.sessions.lockActor(manager, actor);
      const count = await this.sessionsRepository.count(manager, { userId, kind: 'key', isActive: true });
      if (count >= this.maxPerUser) throw new KeyLimitReachedError();
      const { userAgent, ipAddress } = client;
      const row = { name, userId, createdIn, scopes: scopes ? [...scopes] : null, expiresAt: expiry };
      const session = await this.keys.insert(manager, { ...row, userAgent, ipAddress });
      await this.audit.record(manager, {
        type: KEY_CREATED,
        userId,
        sessionId: session.id,
        actor,
        deviceName: name,
        details: { scopes: scopes?.join(' ') ?? null, expiresAt: expiry.toISOString() },
      });
      await this.securityMails.queue(manager, keyCreated, user, client, name);
      return { session, key: this.tokens.issue({ userId, sessionId: session.id }) };
    });
  }

  /** Returns the caller's active keys, ordered by last use. */
  listKeys(actor: Principal): Promise<Session[]> {
    return this.sessions.listSessions(actor, 'key');
  }

  /** Revokes one of the caller's keys. Succeeds if it is already revoked. @throws KeyNotFoundError */
  async revokeKey(actor: Principal, id: string): Promise<void> {
    const own = { id, userId: actor.userId, kind: 'key' } as const;
    const cause = { reason: 'key_revoked', actor } as const;
    const exists = await this.database.run((manager) => this.sessionsRepository.revokeOne(manager, own, cause));
    if (!exists) throw new KeyNotFoundError();
  }
}

function assertGrantable({ role }: Principal, scopes: readonly string[]): void {
  const values = grantableScopes(role);
  const index = scopes.findIndex((scope) => !values.includes(scope));
  if (index < 0) return;
  const message = `must be scopes that you can grant: ${values.join(', ')}`;
  throw new ValidationFailedError([{ pointer: '/scopes', code: 'not_one_of', params: { values, index }, message }]);
}

function assertWithinYear(expiresAt: Date): void {
  const now = new Date();
  const max = new Date(now);
  max.setUTCFullYear(now.getUTCFullYear() + 1);
  const reject = (code: 'too_early' | 'too_late', params: object, message: string) => {
    throw new ValidationFailedError([{ pointer: '/expiresAt', code, params: { ...params }, message }]);
  };
  if (expiresAt <= now) reject('too_early', { min: now.toISOString() }, 'must be in the future');
  if (expiresAt > max) reject('too_late', { max: max.toISOString() }, 'must be within one year');
}
