import { hkdfSync } from 'node:crypto';
import { Module } from '@nestjs/common';
import { AuditModule } from '../platform/audit/audit.module.js';
import { gatehouseConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { MailModule } from '../platform/mail/mail.module.js';
import { OneTimeTokensModule } from '../auth/one-time-tokens/one-time-tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { tablePruner } from '../platform/database/table-pruner.js';
import { KnownDevicesService } from './known-devices.service.js';
import { KnownDevicesRepository } from './known-devices.repository.js';
import { LastSeenRecorder } from './last-seen.recorder.js';
import { NewDevices } from '../auth/new-devices.service.js';
import { RefreshTokens } from './refresh-token.js';
import { SecurityMailsService } from '../auth/security-mails.service.js';
import { SessionAccessRepository } from './session-access.repository.js';
import { SessionRefreshService } from './session-refresh.service.js';
import { SessionLookup } from './session.lookup.js';
import { SessionsAdminController } from './sessions.admin.controller.js';
import { SessionsAdminService } from './sessions.admin.service.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';

/**
 * Refresh tokens by their own secret, or by one derived from the access tokens' (HKDF, RFC 5869), so that the two
 * never are the same key. Derived secrets have the same predecessors: to replace one signs nobody out.
 */
function refreshTokens({ refreshToken, accessToken }: Config): RefreshTokens {
  if (refreshToken.secret !== null) return new RefreshTokens(Buffer.from(refreshToken.secret));
  return new RefreshTokens(derivedSecret(accessToken.secret), accessToken.previousSecrets.map(derivedSecret));
}

function derivedSecret(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'gatehouse refresh secret v1', 32));
}

@Module({
  imports: [AuditModule, MailModule, OneTimeTokensModule, UsersModule],
  controllers: [SessionsController, SessionsAdminController],
  providers: [
    KnownDevicesService,
    KnownDevicesRepository,
    LastSeenRecorder,
    NewDevices,
    SecurityMailsService,
    SessionAccessRepository,
    SessionLookup,
    SessionRefreshService,
    SessionsAdminService,
    SessionsRepository,
    SessionsService,
    // Until then a replayed token still gets the reason why its session ended.
    tablePruner({
      subject: 'sessions',
      table: 'sessions',
      condition: `least(expires_at, idle_expires_at, revoked_at) < now() - $1::float8 * interval '1 millisecond'`,
      retentionMs: ({ session }) => session.retention,
    }),
    {
      provide: RefreshTokens,
      inject: [gatehouseConfig.KEY],
      useFactory: refreshTokens,
    },
  ],
  exports: [
    KnownDevicesService,
    SecurityMailsService,
    SessionsService,
    SessionRefreshService,
    SessionLookup,
    LastSeenRecorder,
  ],
})
export class SessionsModule {}
