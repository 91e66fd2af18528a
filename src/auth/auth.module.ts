import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { AuditModule } from '../platform/audit/audit.module.js';
import { RateLimitsModule } from '../platform/rate-limits/rate-limits.module.js';
import { RecoveryModule } from './recovery/recovery.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccessTokenService } from './tokens/access-token.service.js';
import { AuthLimits } from './auth-limits.service.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { JwksController } from './tokens/jwks.controller.js';
import { JwtStrategy } from './jwt.strategy.js';
import { KeyRing } from './tokens/key-ring.js';
import { TokenController } from './tokens/token.controller.js';
import { TokenService } from './tokens/token.service.js';
import { VerifiedTokens } from './tokens/verified-tokens.js';

@Module({
  imports: [AuditModule, JwtModule, PassportModule, RateLimitsModule, RecoveryModule, SessionsModule, UsersModule],
  controllers: [AuthController, JwksController, TokenController],
  providers: [AccessTokenService, AuthLimits, AuthService, JwtStrategy, KeyRing, TokenService, VerifiedTokens],
  // For the guard, which is global.
  exports: [JwtStrategy, VerifiedTokens],
})
export class AuthModule {}
