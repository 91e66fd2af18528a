import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import type { Principal } from '../../common/principal.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { MailOutbox } from '../../platform/mail/mail-outbox.js';
import { PasswordHasher } from '../../platform/passwords/password-hasher.js';
import { PasswordPolicy } from '../../platform/passwords/password-policy.js';
import { UserHooks } from '../../users/user-hooks.js';
import type { User } from '../../users/user.entity.js';
import { UserNotFoundError } from '../../users/users.errors.js';
import { UsersRepository } from '../../users/users.repository.js';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { INVITATION_ACCEPTED, INVITATION_SENT } from './invitations.audit.js';
import { InvitationNotPossibleError } from './invitations.errors.js';
import { invite } from './invitations.mails.js';
import { InvitationsRepository } from './invitations.repository.js';

/** What an invited user chooses. */
interface Acceptance {
  readonly password: string;
  readonly name?: string | null | undefined;
}

/** Lets users who never had a password choose one, with a link sent by mail. */
@Injectable()
export class InvitationsService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly userHooks: UserHooks,
    private readonly invitations: InvitationsRepository,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly tokens: OneTimeTokensRepository,
    private readonly attempts: OneTimeTokensService,
    private readonly mails: MailOutbox,
    private readonly audit: AuditRecorder,
  ) {}

  onModuleInit(): void {
    this.userHooks.onCreated(async (manager, user) => {
      if (!user.invitation) return;
      await this.mailToken(manager, user, await this.tokens.issueFirst(manager, 'invitation', user.id));
    });
  }

  /**
   * Sets the first password of an invited user. Voids all their links, and verifies the email, because the mail arrived
   * there.
   *
   * @throws PasswordTooWeakError, and the token still works
   * @throws TokenUsedOrExpiredError, OverloadedError, TooManyRequestsError
   */
  async accept(token: string, { password, name }: Acceptance, client: Client): Promise<void> {
    await this.hasher.assertCapacity(client);
    await this.attempts.useToken(INVITATION_ACCEPTED, client, async () => {
      // Hashing is expensive, so check the token first. `redeem` checks it again.
      const owner = await this.database.run((manager) => this.tokens.findUser(manager, 'invitation', token));
      await this.policy.assertAcceptable(password, { email: owner.email, name: name ?? owner.name }, '/password');
      const passwordHash = await this.hasher.hash(password, client);
      await this.database.transactionWithRetry(async (manager) => {
        const { user } = await this.tokens.redeem(manager, 'invitation', token);
        const { id } = user;
        await this.users.setPasswordHash(manager, id, passwordHash);
        await this.users.markEmailVerified(manager, user);
        if (name !== undefined) await this.users.update(manager, user, { name });
        await this.tokens.voidAll(manager, id);
        await this.audit.record(manager, { type: INVITATION_ACCEPTED, userId: id, actor: { userId: id, client } });
      });
    });
  }

  /** Sends an invitation and voids the earlier one. @throws UserNotFoundError, InvitationNotPossibleError */
  async invite(id: string, actor: Principal): Promise<void> {
    await this.database.transactionWithRetry(async (manager) => {
      const user = await this.users.lock(manager, id);
      if (!user) throw new UserNotFoundError();
      if (!user.isActive || !user.invitation) throw new InvitationNotPossibleError();
      await this.sendLink(manager, user);
      await this.invitations.markSent(manager, [id]);
      await this.audit.record(manager, { type: INVITATION_SENT, userId: id, actor });
    });
  }

  /**
   * Sends the first invitations to imported users, in one transaction. Several callers do not invite a user twice.
   *
   * @returns how many users were invited
   */
  inviteImported(limit: number): Promise<number> {
    return this.database.transactionWithRetry(async (manager) => {
      const users = await this.invitations.lockDue(manager, limit);
      if (users.length === 0) return 0;
      const ids = users.map(({ id }) => id);
      for (const user of users) await this.sendLink(manager, user);
      await this.invitations.markSent(manager, ids);
      const event = { type: INVITATION_SENT, actor: null, details: { by: 'command' } } as const;
      await this.audit.recordAll(
        manager,
        ids.map((userId) => ({ ...event, userId })),
      );
      return users.length;
    });
  }

  /** Returns how many active imported users have neither a password nor an invitation. */
  countImported(): Promise<number> {
    return this.database.run((manager) => this.invitations.countDue(manager));
  }

  /** Sends a link and voids the earlier ones. The caller must have locked the user's row. */
  async sendLink(manager: EntityManager, user: User): Promise<void> {
    await this.mailToken(manager, user, await this.tokens.issue(manager, 'invitation', user.id));
  }

  private mailToken(manager: EntityManager, user: User, token: string): Promise<void> {
    return this.mails.post(manager, invite, user, { token });
  }
}
