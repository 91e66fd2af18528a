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

/** The refresh tokens' own secret, or one derived from the access tokens' (HKDF, RFC 5869), so that the two never are the same key. */
function refreshSecret({ refreshToken, accessToken }: Config): Uint8Array {
  if (refreshToken.secret !== null) return Buffer.from(refreshToken.secret);
  return new Uint8Array(hkdfSync('sha256', accessToken.secret, '', 'gatehouse refresh secret v1', 32));
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
      useFactory: (config: Config) => new RefreshTokens(refreshSecret(config)),
    },
  ],
  exports: [SessionsService, SessionRefreshService, SessionLookup, SessionPruner, LastSeenRecorder],
})
export class SessionsModule {}
