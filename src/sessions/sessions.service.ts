import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { AuthenticationMethod } from '../common/authentication.js';
import type { Client } from '../common/client.js';
import { ForbiddenError } from '../common/domain.error.js';
import { newId } from '../common/id.js';
import type { Principal, SessionKind } from '../common/principal.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Database, type EntityManager } from '../platform/database/database.js';
import { UserHooks } from '../users/user-hooks.js';
import type { User } from '../users/user.entity.js';
import { UsersRepository } from '../users/users.repository.js';
import { parseRefreshToken, RefreshTokens } from './refresh-token.js';
import type { Session } from './session.entity.js';
import { SessionAccessRepository } from './session-access.repository.js';
import { usableSession, type RefreshableSession } from './session-state.js';
import { SessionNotFoundError, UnknownSessionError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

/** A new session and the first of its refresh tokens. */
export interface CreatedSession {
  readonly session: Session;
  readonly refreshToken: string;
}

/** Creates sessions, and lists and revokes the caller's own. */
@Injectable()
export class SessionsService implements OnModuleInit {
  private readonly timeouts: { readonly idleMs: number; readonly absoluteMs: number };
  private readonly maxPerUser: number;
  private readonly limitPolicy: Config['session']['limitPolicy'];

  constructor(
    @InjectConfig() { session }: Config,
    private readonly database: Database,
    private readonly sessions: SessionsRepository,
    private readonly access: SessionAccessRepository,
    private readonly refreshTokens: RefreshTokens,
    private readonly users: UsersRepository,
    private readonly userHooks: UserHooks,
  ) {
    this.timeouts = { idleMs: session.idleTimeout, absoluteMs: session.absoluteTimeout };
    this.maxPerUser = session.maxPerUser;
    this.limitPolicy = session.limitPolicy;
  }

  onModuleInit(): void {
    this.userHooks.addActorCheck((manager, actor) => this.assertActorAllowed(manager, actor));
    this.userHooks.onDeactivated(async (manager, userId, actor) => {
      await this.sessions.revoke(manager, { userId }, { reason: 'user_deactivated', actor });
    });
  }

  /**
   * Revokes the user's oldest sign-ins so that one more fits the limit. Returns false if the limit is reached and
   * `SESSION_LIMIT_POLICY` rejects new sessions. The caller must have locked the user's row, so that parallel sign-ins
   * cannot exceed the limit (ASVS 7.1.2).
   *
   * @param replacedId a session that does not count, because the caller will revoke it
   */
  async makeRoom(manager: EntityManager, userId: string, replacedId?: string): Promise<boolean> {
    const ids = await this.sessions.findSurplus(manager, userId, this.maxPerUser - 1, replacedId);
    if (ids.length === 0) return true;
    if (this.limitPolicy === 'reject') return false;
    await this.sessions.revoke(manager, { ids, userId }, { reason: 'session_limit', actor: null });
    return true;
  }

  /**
   * Creates a session of a sign-in. Every sign-in gets a new one (ASVS 7.2.4).
   *
   * @param methods how the user has just authenticated
   */
  async createSession(
    manager: EntityManager,
    userId: string,
    client: Client,
    methods: readonly AuthenticationMethod[],
  ): Promise<CreatedSession> {
    const { userAgent, ipAddress, deviceName = null } = client;
    const row = { id: newId(), userId, refreshSalt: randomBytes(32), userAgent, ipAddress, deviceName };
    const session = await this.sessions.insert(manager, row, this.timeouts, methods);
    return { session, refreshToken: this.refreshTokens.issue(session, session.refreshCounter) };
  }

  /** Returns the session of the cookie that a sign-in replaces, or `null` if the cookie has no genuine token. */
  async findReplaced(manager: EntityManager, { replacedToken = '' }: Client): Promise<RefreshableSession | null> {
    const token = parseRefreshToken(replacedToken);
    const session = token && (await this.access.findForRefresh(manager, token, 0));
    return session && this.refreshTokens.isAuthentic(token, session) ? session : null;
  }

  /** Revokes a session that `findReplaced` returned. */
  async revokeReplaced(manager: EntityManager, { id, userId }: RefreshableSession, client: Client): Promise<void> {
    const actor = { userId, sessionId: id, client };
    await this.sessions.revoke(manager, { id, userId }, { reason: 'logout', actor });
  }

  /** Returns the caller's active sessions, ordered by last activity. */
  listSessions({ userId }: Principal, kind?: SessionKind): Promise<Session[]> {
    return this.database.run((manager) => this.sessions.list(manager, { userId, kind, isActive: true }));
  }

  /** Returns the current session. @throws UnknownSessionError if it was deleted after the guard read it */
  async getCurrentSession({ sessionId: id, userId }: Principal): Promise<Session> {
    const session = await this.database.run((manager) => this.sessions.findOne(manager, { id, userId }));
    if (!session) throw new UnknownSessionError();
    return session;
  }

  /** Revokes the current session. */
  async signOut(actor: Principal): Promise<void> {
    const current = { id: actor.sessionId, userId: actor.userId };
    await this.database.run((manager) => this.sessions.revoke(manager, current, { reason: 'logout', actor }));
  }

  /**
   * Revokes one of the caller's sessions. Succeeds if it is already revoked.
   *
   * @throws UnknownSessionError if the caller has no session with this ID
   */
  async revokeSession(actor: Principal, id: string): Promise<void> {
    const own = { id, userId: actor.userId };
    const reason = id === actor.sessionId ? 'logout' : 'logout_others';
    const exists = await this.database.run((manager) => this.sessions.revokeOne(manager, own, { reason, actor }));
    if (!exists) throw new UnknownSessionError();
  }

  /** Revokes all of the caller's active sign-ins, or all but the current one. Keeps API keys. Returns how many. */
  revokeSessions(actor: Principal, scope: 'others' | 'all'): Promise<number> {
    const { userId, sessionId } = actor;
    const exceptId = scope === 'others' ? sessionId : undefined;
    const filter = { userId, kind: 'sign_in', isActive: true, exceptId } as const;
    return this.database.run((manager) => this.sessions.revoke(manager, filter, { reason: `logout_${scope}`, actor }));
  }

  /**
   * Locks the actor's row until the transaction ends, and returns it. Call it first in changes of the actor's own account.
   *
   * @throws the errors of `assertActorAllowed`
   */
  async lockActor(manager: EntityManager, actor: Principal): Promise<User> {
    const user = await this.users.lockActive(manager, { id: actor.userId });
    await this.assertActorAllowed(manager, actor);
    if (!user) throw new SessionNotFoundError({ claims: actor });
    return user;
  }

  /**
   * Checks again that the actor's session is valid and their role unchanged. Locks both rows until the transaction ends.
   *
   * @throws ForbiddenError, and the errors of `usableSession`
   */
  async assertActorAllowed(manager: EntityManager, actor: Principal): Promise<void> {
    const session = usableSession(await this.access.lockForAction(manager, actor), actor);
    if (session.user.role !== actor.role) throw new ForbiddenError();
  }
}
