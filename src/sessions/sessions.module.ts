import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { deriveKey } from '../common/derive-key.js';
import { gatehouseConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { AuditModule } from '../platform/audit/audit.module.js';
import { tablePruner } from '../platform/database/table-pruner.js';
import { UsersModule } from '../users/users.module.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { KnownDevicesRepository } from './known-devices.repository.js';
import { LastSeenRecorder } from './last-seen.recorder.js';
import { RefreshTokens } from './refresh-token.js';
import { Session } from './session.entity.js';
import { SessionAccessRepository } from './session-access.repository.js';
import { SessionLookup } from './session.lookup.js';
import { SessionRotationService } from './session-rotation.service.js';
import { SessionsAdminController } from './sessions.admin.controller.js';
import { SessionsAdminService } from './sessions.admin.service.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { StreamGuard } from './stream.guard.js';

@Module({
  imports: [AuditModule, TypeOrmModule.forFeature([Session]), UsersModule],
  controllers: [SessionsController, SessionsAdminController],
  providers: [
    ApiKeysRepository,
    KnownDevicesRepository,
    LastSeenRecorder,
    SessionAccessRepository,
    SessionLookup,
    SessionRotationService,
    SessionsAdminService,
    SessionsRepository,
    SessionsService,
    StreamGuard,
    { provide: RefreshTokens, inject: [gatehouseConfig.KEY], useFactory: createRefreshTokens },
    tablePruner({
      subject: 'sessions',
      table: 'sessions',
      // Until then, a replayed token gets the exact reason, such as `session_revoked`.
      condition: `least(expires_at, idle_expires_at, revoked_at) < now() - $1::float8 * interval '1 millisecond'`,
      retentionMs: ({ session }) => session.retention,
    }),
  ],
  exports: [
    ApiKeysRepository,
    KnownDevicesRepository,
    LastSeenRecorder,
    SessionLookup,
    SessionRotationService,
    SessionsRepository,
    SessionsService,
  ],
})
export class SessionsModule {}

/**
 * Uses the configured secret of refresh tokens, or derives one from the secret of access tokens (HKDF, RFC 5869), so that
 * the two keys always differ. Previous secrets are derived too, so that clients stay signed in when `JWT_SECRET` changes.
 */
function createRefreshTokens({ refreshToken, accessToken }: Config): RefreshTokens {
  if (refreshToken.secret !== null) return new RefreshTokens(Buffer.from(refreshToken.secret));
  return new RefreshTokens(deriveSecret(accessToken.secret), accessToken.previousSecrets.map(deriveSecret));
}

function deriveSecret(secret: string): Uint8Array {
  return deriveKey(secret, 'gatehouse refresh secret v1');
}
