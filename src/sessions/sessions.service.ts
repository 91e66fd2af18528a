import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import type { Client } from '../common/client.js';
import type { Principal } from '../common/principal.js';
import { ForbiddenError } from '../common/domain.error.js';
import { newId } from '../common/id.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Database, type EntityManager } from '../platform/database/database.js';
import { UserEvents } from '../users/user-events.js';
import type { User } from '../users/user.entity.js';
import { NewDevices } from '../auth/new-devices.service.js';
import { RefreshTokens } from './refresh-token.js';
import type { Revocation } from './revocation.js';
import type { Session } from './session.entity.js';
import { SecurityMailsService } from '../auth/security-mails.service.js';
import { SessionAccessRepository } from './session-access.repository.js';
import { assertUsable } from './session-state.js';
import { SessionLimitReachedError, SessionNotFoundError, UnknownSessionError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

/** A session's beginning: its row, and the first of its refresh tokens. */
export interface OpenedSession {
  readonly session: Session;
  readonly refreshToken: string;
}

/** What people do with their own sessions. */
@Injectable()
export class SessionsService implements OnModuleInit {
  private readonly limits: { readonly idle: number; readonly absolute: number };
  private readonly maxPerUser: number;
  private readonly limitPolicy: Config['session']['limitPolicy'];

  constructor(
    @InjectConfig() { session }: Config,
    private readonly database: Database,
    private readonly sessions: SessionsRepository,
    private readonly access: SessionAccessRepository,
    private readonly refreshTokens: RefreshTokens,
    private readonly userEvents: UserEvents,
    private readonly audit: AuditRecorder,
    private readonly newDevices: NewDevices,
    private readonly securityMails: SecurityMailsService,
  ) {
    this.limits = { idle: session.idleTimeout, absolute: session.absoluteTimeout };
    this.maxPerUser = session.maxPerUser;
    this.limitPolicy = session.limitPolicy;
  }

  onModuleInit(): void {
    this.userEvents.onActing((manager, actor) => this.assertStanding(manager, actor));
    this.userEvents.onDeactivated(async (manager, userId, actor) => {
      await this.sessions.revoke(manager, { userId }, { reason: 'user_deactivated', actor });
    });
  }

  /**
   * Begins a session, and writes the sign-in down. Every sign-in gets a new one (ASVS 7.2.4). The transaction must hold
   * the user's row, so that the sign-ins of one user run one after the other: that keeps the number of sessions exact
   * (ASVS 7.1.2). Someone whose account does not know the device is told by mail.
   *
   * @returns instead, if the user has as many as allowed and the policy is to refuse one more, that
   */
  async open(manager: EntityManager, user: User, device: Client): Promise<OpenedSession | SessionLimitReachedError> {
    const userId = user.id;
    // Before anything ends to make room: what has ended does not vouch for its device.
    const isNews = await this.newDevices.isNews(manager, user, device);
    if (!(await this.makeRoom(manager, userId))) return new SessionLimitReachedError();
    const row = {
      id: newId(),
      userId,
      refreshSalt: randomBytes(32),
      userAgent: device.userAgent,
      ipAddress: device.ipAddress,
      deviceName: device.deviceName ?? null,
    };
    const session = await this.sessions.insert(manager, row, this.limits);
    await this.audit.record(manager, {
      type: 'sign_in',
      userId,
      actor: { userId, sessionId: session.id, client: device },
      deviceName: device.deviceName,
    });
    if (isNews) await this.securityMails.post(manager, 'new_device', user, device);
    return { session, refreshToken: this.refreshTokens.issue(session, session.refreshCounter) };
  }

  /** The active sessions of the one who asks, most recently seen first. */
  list({ userId }: Principal): Promise<Session[]> {
    return this.database.run((manager) => this.sessions.list(manager, { userId, isActive: true }));
  }

  /**
   * The session that the request itself came with.
   *
   * @throws UnknownSessionError if it was deleted since the guards saw it
   */
  async current({ sessionId }: Principal): Promise<Session> {
    const session = await this.database.run((manager) => this.sessions.findOne(manager, { id: sessionId }));
    if (!session) throw new UnknownSessionError();
    return session;
  }

  /** Ends the current session. */
  async logout(actor: Principal): Promise<void> {
    await this.database.run((manager) =>
      this.sessions.revoke(manager, { id: actor.sessionId }, { reason: 'logout', actor }),
    );
  }

  /**
   * Ends one of one's own sessions. One that has ended already stays as it is.
   *
   * @throws UnknownSessionError if there is none with this id, or it is someone else's
   */
  async revoke(actor: Principal, id: string): Promise<void> {
    const own = { id, userId: actor.userId };
    const reason = id === actor.sessionId ? 'logout' : 'logout_others';
    const known = await this.database.run((manager) => this.sessions.revokeOne(manager, own, { reason, actor }));
    if (!known) throw new UnknownSessionError();
  }

  /** Ends every session of the one who asks, or every other one than the current. Returns how many. */
  revokeMany(actor: Principal, scope: 'others' | 'all'): Promise<number> {
    const { userId, sessionId } = actor;
    const filter = { userId, isActive: true, exceptId: scope === 'others' ? sessionId : undefined };
    return this.database.run((manager) => this.sessions.revoke(manager, filter, { reason: `logout_${scope}`, actor }));
  }

  /**
   * Ends all sessions of a user, but for one where it is said, in a transaction that holds the user's row: no session
   * can begin meanwhile. Expired ones are marked too, so that their devices are not known any more.
   */
  async endAll(manager: EntityManager, userId: string, cause: Revocation, exceptId?: string): Promise<void> {
    await this.sessions.revoke(manager, { userId, exceptId }, cause);
  }

  /** Sees to it that a user may have one more session: ends the oldest beyond the limit. False where it may not. */
  private async makeRoom(manager: EntityManager, userId: string): Promise<boolean> {
    const ids = await this.sessions.surplus(manager, userId, this.maxPerUser - 1);
    if (ids.length === 0) return true;
    if (this.limitPolicy === 'reject') return false;
    await this.sessions.revoke(manager, { ids }, { reason: 'session_limit', actor: null });
    return true;
  }

  /**
   * Makes sure that a principal is what the guards found, and stays it until the transaction ends: whoever revokes
   * the session or changes the user meanwhile waits.
   *
   * @throws SessionNotFoundError, UserInactiveError, SessionRevokedError, SessionExpiredError, ForbiddenError
   */
  private async assertStanding(manager: EntityManager, actor: Principal): Promise<void> {
    const session = await this.access.holdForActing(manager, actor.sessionId);
    if (!session) throw new SessionNotFoundError({ claims: actor });
    assertUsable(session);
    if (session.user.role !== actor.role) throw new ForbiddenError();
  }
}
