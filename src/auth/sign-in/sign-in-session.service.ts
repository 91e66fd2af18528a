import { Injectable, type Type } from '@nestjs/common';
import type { AuthenticationMethod } from '../../common/authentication.js';
import type { Client } from '../../common/client.js';
import type { DomainError } from '../../common/domain.error.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import type { EntityManager } from '../../platform/database/database.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import type { RateLimitAttempt } from '../../platform/rate-limits/rate-limit-attempt.js';
import { KnownDevicesRepository } from '../../sessions/known-devices.repository.js';
import { SessionLimitReachedError } from '../../sessions/sessions.errors.js';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import { SessionsService, type CreatedSession } from '../../sessions/sessions.service.js';
import type { User } from '../../users/user.entity.js';
import { newDevice } from '../auth.mails.js';
import { resultOf, signIns } from '../auth.metrics.js';
import { SecurityMailsService } from '../security-mails.service.js';
import { AccessTokenService, type TokenGrant } from '../tokens/access-token.service.js';

/** An account younger than this gets no mail about its first device. */
const NEW_ACCOUNT_MS = 86_400_000;

/** A session, or the reason why an authenticated user may not sign in. */
export type SignInResult =
  | { readonly user: User; readonly created: CreatedSession; readonly rejection?: never }
  | { readonly user: User; readonly created?: never; readonly rejection: DomainError };

/** The second half of every sign-in: creates the session of a user who has authenticated. */
@Injectable()
export class SignInSessionService {
  constructor(
    private readonly knownDevices: KnownDevicesRepository,
    private readonly sessions: SessionsService,
    private readonly sessionsRepository: SessionsRepository,
    private readonly securityMails: SecurityMailsService,
    private readonly accessTokens: AccessTokenService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Creates a session, revokes the session of the replaced cookie, records the sign-in, and queues a mail if the device is
   * new. Returns the rejection if the user has too many sessions. The caller must have locked the user's row.
   *
   * @param methods how the user has just authenticated
   */
  async start(
    manager: EntityManager,
    user: User,
    client: Client,
    methods: readonly AuthenticationMethod[],
  ): Promise<SignInResult> {
    // Check this before `makeRoom` revokes sessions, because their devices are then no longer known.
    const isNewDevice = await this.isNewDevice(manager, user, client);
    const replaced = await this.sessions.findReplaced(manager, client);
    if (!(await this.sessions.makeRoom(manager, user.id, replaced?.id))) {
      return this.reject(manager, user, new SessionLimitReachedError(), client);
    }
    const created = await this.sessions.createSession(manager, user.id, client, methods);
    if (replaced) await this.sessions.revokeReplaced(manager, replaced, client);
    await this.audit.record(manager, {
      type: 'sign_in',
      userId: user.id,
      actor: { userId: user.id, sessionId: created.session.id, client },
      deviceName: client.deviceName,
    });
    if (isNewDevice) await this.securityMails.queue(manager, newDevice, user, client);
    return { user, created };
  }

  /**
   * Completes a sign-in after its commit: issues the tokens and reports the outcome. Throws the rejection only then,
   * because a rollback would lose its audit event and mail.
   *
   * @param refunded errors that do not count towards the limit of the attempt
   */
  async complete(
    attempt: RateLimitAttempt,
    pending: Promise<SignInResult>,
    refunded: readonly Type<DomainError>[] = [],
  ): Promise<TokenGrant> {
    try {
      const grant = await attempt.settle(this.grant(pending), refunded);
      signIns.add({ result: resultOf() });
      return grant;
    } catch (error) {
      // The metrics of the limits count these.
      if (!(error instanceof TooManyRequestsError)) signIns.add({ result: resultOf(error) });
      throw error;
    }
  }

  private async grant(pending: Promise<SignInResult>): Promise<TokenGrant> {
    const { user, created, rejection } = await pending;
    if (!created) throw rejection;
    const { session, refreshToken } = created;
    return this.accessTokens.grant(user, session.id, refreshToken, session.refreshCounter);
  }

  /** Records the rejection and returns it, so that the caller can commit before it throws. */
  async reject(
    manager: EntityManager,
    user: User,
    rejection: DomainError,
    client: Client,
    cause?: string,
  ): Promise<SignInResult> {
    await this.recordRejection(manager, user, rejection, client, cause);
    return { user, rejection };
  }

  /**
   * Records a failed sign-in. A cause means that the credentials were rejected, so the actor is unknown. If the audit
   * event cannot be written, the request fails with that error instead.
   */
  recordRejection(
    manager: EntityManager,
    user: Pick<User, 'id'> | null,
    { code }: DomainError,
    client: Client,
    cause?: string,
  ): Promise<void> {
    return this.audit.record(manager, {
      type: 'sign_in',
      outcome: 'failure',
      reason: code,
      userId: user?.id ?? null,
      actor: { ...(user && !cause && { userId: user.id }), client },
      deviceName: client.deviceName,
      ...(cause && { details: { cause } }),
    });
  }

  /** Returns whether the user gets a mail about this device (ASVS 6.3.5). */
  private async isNewDevice(manager: EntityManager, user: User, client: Client): Promise<boolean> {
    if ((await this.knownDevices.recognize(manager, { id: user.id }, client)) !== null) return false;
    // An old account without sessions gets the mail, because its sessions may have been pruned.
    const isNewAccount = Date.now() - user.createdAt.getTime() < NEW_ACCOUNT_MS;
    return !isNewAccount || (await this.sessionsRepository.count(manager, { userId: user.id, kind: 'sign_in' })) > 0;
  }
}
