import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import type { EntityManager } from '../platform/database/database.js';
import type { User } from '../users/user.entity.js';
import { KnownDevicesService } from '../sessions/known-devices.service.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';

/** How long, in milliseconds, an account is so new that its first sign-in is no news. */
const NEW_ACCOUNT = 86_400_000;

/** Decides of which sign-ins people are told (ASVS 6.3.5). */
@Injectable()
export class NewDevices {
  constructor(
    private readonly knownDevices: KnownDevicesService,
    private readonly sessions: SessionsRepository,
  ) {}

  /**
   * Whether a sign-in, whose session has not begun yet, is news to the user: the account does not know the device. The
   * first sign-in to a new account is none; to an old one it is, because its sessions may only have been pruned.
   */
  async isNews(manager: EntityManager, user: User, device: Client): Promise<boolean> {
    if (await this.knownDevices.isKnown(manager, { id: user.id }, device)) return false;
    const isNew = Date.now() - user.createdAt.getTime() < NEW_ACCOUNT;
    return !isNew || (await this.sessions.count(manager, { userId: user.id })) > 0;
  }
}
