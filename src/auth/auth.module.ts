import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { gatehouseConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { AuditModule } from '../platform/audit/audit.module.js';
import { MailModule } from '../platform/mail/mail.module.js';
import { PasswordsModule } from '../platform/passwords/passwords.module.js';
import { RateLimitsModule } from '../platform/rate-limits/rate-limits.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { ApiKeyTokens } from './api-keys/api-key.token.js';
import { ApiKeyVerifier } from './api-keys/api-key.verifier.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { KeyExpiryTask } from './api-keys/key-expiry.task.js';
import { AuthController } from './auth.controller.js';
import { AUTH_PRUNERS } from './auth.pruners.js';
import { EmailChangeController } from './email-change/email-change.controller.js';
import { EmailChangeService } from './email-change/email-change.service.js';
import { EmailsRepository } from './email-change/emails.repository.js';
import { ChallengesRepository } from './factors/challenges.repository.js';
import { FactorBox } from './factors/factor-box.js';
import { Factor } from './factors/factor.entity.js';
import { FactorsResealService } from './factors/factors-reseal.service.js';
import { FactorsResetService } from './factors/factors-reset.service.js';
import { FactorsAdminController } from './factors/factors.admin.controller.js';
import { FactorsController } from './factors/factors.controller.js';
import { FactorsRepository } from './factors/factors.repository.js';
import { FactorsService } from './factors/factors.service.js';
import { RecoveryCode } from './factors/recovery-code.entity.js';
import { RecoveryCodesRepository } from './factors/recovery-codes.repository.js';
import { SignInChallenge } from './factors/sign-in-challenge.entity.js';
import { TotpController } from './factors/totp.controller.js';
import { TotpService } from './factors/totp.service.js';
import { InvitationsAdminController } from './invitations/invitations.admin.controller.js';
import { InvitationsController } from './invitations/invitations.controller.js';
import { InvitationsRepository } from './invitations/invitations.repository.js';
import { InvitationsService } from './invitations/invitations.service.js';
import { JwtStrategy } from './jwt.strategy.js';
import { IntrospectionController } from './oauth/introspection.controller.js';
import { IntrospectionService } from './oauth/introspection.service.js';
import { RevocationController } from './oauth/revocation.controller.js';
import { ServerMetadataController } from './oauth/server-metadata.controller.js';
import { TokenController } from './oauth/token.controller.js';
import { TokenService } from './oauth/token.service.js';
import { OneTimeToken } from './one-time-tokens/one-time-token.entity.js';
import { OneTimeTokensController } from './one-time-tokens/one-time-tokens.controller.js';
import { OneTimeTokensRepository } from './one-time-tokens/one-time-tokens.repository.js';
import { OneTimeTokensService } from './one-time-tokens/one-time-tokens.service.js';
import { PendingEmailChangesRepository } from './one-time-tokens/pending-email-changes.repository.js';
import { PasskeyChallenges } from './passkeys/passkey-challenges.js';
import { PasskeyOptionsService } from './passkeys/passkey-options.service.js';
import { PasskeyRegistrationService } from './passkeys/passkey-registration.service.js';
import { PasskeyUseService } from './passkeys/passkey-use.service.js';
import { PasskeyVerifier } from './passkeys/passkey.verifier.js';
import { PasskeysController } from './passkeys/passkeys.controller.js';
import { PasskeysRepository } from './passkeys/passkeys.repository.js';
import { UsedPasskeyChallenge } from './passkeys/used-passkey-challenge.entity.js';
import { PassportUserStrategy } from './passport-user.strategy.js';
import { EmailVerificationController } from './recovery/email-verification.controller.js';
import { EmailVerificationService } from './recovery/email-verification.service.js';
import { NotMeController } from './recovery/not-me.controller.js';
import { NotMeService } from './recovery/not-me.service.js';
import { PasswordChangeService } from './recovery/password-change.service.js';
import { PasswordResetService } from './recovery/password-reset.service.js';
import { PasswordController } from './recovery/password.controller.js';
import { RefreshService } from './refresh.service.js';
import { RegistrationService } from './registration.service.js';
import { SecurityMailsService } from './security-mails.service.js';
import { FactorSignInController } from './sign-in/factor-sign-in.controller.js';
import { FactorSignInService } from './sign-in/factor-sign-in.service.js';
import { FactorVerifier } from './sign-in/factor-verifier.js';
import { PasskeyRequestService } from './sign-in/passkey-request.service.js';
import { PasskeySignInController } from './sign-in/passkey-sign-in.controller.js';
import { PasskeySignInService } from './sign-in/passkey-sign-in.service.js';
import { SignInSessionService } from './sign-in/sign-in-session.service.js';
import { SignInService } from './sign-in/sign-in.service.js';
import { SignOutService } from './sign-out.service.js';
import { StepUpController } from './step-up/step-up.controller.js';
import { StepUpService } from './step-up/step-up.service.js';
import { AccessTokenService } from './tokens/access-token.service.js';
import { JwksController } from './tokens/jwks.controller.js';
import { KeyRing } from './tokens/key-ring.js';
import { VerifiedTokens } from './tokens/verified-tokens.js';

@Module({
  imports: [
    AuditModule,
    JwtModule,
    MailModule,
    PasswordsModule,
    RateLimitsModule,
    SessionsModule,
    TypeOrmModule.forFeature([Factor, OneTimeToken, RecoveryCode, SignInChallenge, UsedPasskeyChallenge]),
    UsersModule,
  ],
  controllers: [
    ApiKeysController,
    AuthController,
    EmailChangeController,
    EmailVerificationController,
    FactorSignInController,
    InvitationsAdminController,
    InvitationsController,
    IntrospectionController,
    // Before FactorsController, whose paths have a parameter.
    TotpController,
    FactorsAdminController,
    FactorsController,
    JwksController,
    NotMeController,
    OneTimeTokensController,
    PasskeySignInController,
    PasskeysController,
    PasswordController,
    RevocationController,
    ServerMetadataController,
    StepUpController,
    TokenController,
  ],
  providers: [
    AccessTokenService,
    ApiKeysService,
    { provide: ApiKeyTokens, inject: [gatehouseConfig.KEY], useFactory: createApiKeyTokens },
    ApiKeyVerifier,
    ChallengesRepository,
    EmailChangeService,
    EmailsRepository,
    EmailVerificationService,
    FactorBox,
    FactorSignInService,
    FactorsRepository,
    FactorsResealService,
    FactorsResetService,
    FactorsService,
    FactorVerifier,
    IntrospectionService,
    InvitationsRepository,
    InvitationsService,
    JwtStrategy,
    KeyExpiryTask,
    KeyRing,
    NotMeService,
    OneTimeTokensRepository,
    OneTimeTokensService,
    PasskeyChallenges,
    PasskeyOptionsService,
    PasskeyRegistrationService,
    PasskeyRequestService,
    PasskeySignInService,
    PasskeysRepository,
    PasskeyUseService,
    PasskeyVerifier,
    PassportUserStrategy,
    PasswordChangeService,
    PasswordResetService,
    PendingEmailChangesRepository,
    RecoveryCodesRepository,
    RefreshService,
    RegistrationService,
    SecurityMailsService,
    SignInService,
    SignInSessionService,
    SignOutService,
    StepUpService,
    TokenService,
    TotpService,
    VerifiedTokens,
    ...AUTH_PRUNERS,
  ],
  // For the global JwtAuthGuard.
  exports: [JwtStrategy],
})
export class AuthModule {}

/** Uses the same secrets as refresh tokens, from which other keys are derived. */
function createApiKeyTokens({ refreshToken, accessToken }: Config): ApiKeyTokens {
  if (refreshToken.secret !== null) return new ApiKeyTokens(refreshToken.secret);
  return new ApiKeyTokens(accessToken.secret, accessToken.previousSecrets);
}
