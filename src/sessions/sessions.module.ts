import { hkdfSync } from 'node:crypto';
import { Module } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { gatehouseConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { UsersModule } from '../users/users.module.js';
import { LastSeenRecorder } from './last-seen.recorder.js';
import { RefreshTokens } from './refresh-token.js';
import { SessionAccessRepository } from './session-access.repository.js';
import { SessionPruner } from './session-pruner.js';
import { SessionRefreshService } from './session-refresh.service.js';
import { SessionLookup } from './session.lookup.js';
import { SessionsAdminController } from './sessions.admin.controller.js';
import { SessionsAdminService } from './sessions.admin.service.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';

/**
 * The secrets of refresh tokens, the one that issues first. Where none is configured they are derived from the
 * access tokens' (HKDF, RFC 5869), so that no two kinds of token share a key and both are replaced together.
 */
function refreshSecrets({ refreshToken, accessToken }: Config): [Uint8Array, ...Uint8Array[]] {
  if (refreshToken.secret !== null) return [Buffer.from(refreshToken.secret)];
  const derive = (secret: string) => new Uint8Array(hkdfSync('sha256', secret, '', 'gatehouse refresh secret v1', 32));
  return [derive(accessToken.secret), ...accessToken.previousSecrets.map(derive)];
}

@Module({
  imports: [UsersModule],
  controllers: [SessionsController, SessionsAdminController],
  providers: [
    Clock,
    LastSeenRecorder,
    SessionAccessRepository,
    SessionLookup,
    SessionPruner,
    SessionRefreshService,
    SessionsAdminService,
    SessionsRepository,
    SessionsService,
    {
      provide: RefreshTokens,
      inject: [gatehouseConfig.KEY],
      useFactory: (config: Config) => new RefreshTokens(...refreshSecrets(config)),
    },
  ],
  exports: [SessionsService, SessionRefreshService, SessionLookup, SessionPruner, LastSeenRecorder],
})
export class SessionsModule {}
