import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../http/current-principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { ApiCreated } from '../http/api-created.decorator.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { OpenToUnenrolled, SignInOnly } from '../http/access.decorators.js';
import { OriginNotAllowedError } from '../http/http.errors.js';
import { Public } from '../http/public.decorator.js';
import { PasswordTooWeakError } from '../platform/passwords/passwords.errors.js';
import { LenientBody } from '../http/body/body.decorators.js';
import { RequestClient } from '../http/request-client.decorator.js';
import type { Client } from '../common/client.js';
import { TooManyRequestsError } from '../platform/rate-limits/rate-limits.errors.js';
import { RefreshTokenMissingError, TokenMissingError } from './auth.errors.js';
import { ApiTokens, DeliversTokens, TakesRefreshCookie } from './cookies/token-delivery.decorator.js';
import { SecondFactorRequiredError } from './factors/factors.errors.js';
import { EmailNotVerifiedError } from './recovery/recovery.errors.js';
import {
  RefreshTokenInvalidError,
  RefreshTokenReusedError,
  SessionExpiredError,
  SessionLimitReachedError,
  SessionRevokedError,
  UserInactiveError,
} from '../sessions/sessions.errors.js';
import { UserDto } from '../users/user.dto.js';
import { EmailTakenError, InvalidCredentialsError } from '../users/users.errors.js';
import { deviceOf, LoginDto } from './sign-in/dto/login.dto.js';
import { LogoutDto } from './dto/logout.dto.js';
import { RefreshDto } from './dto/refresh.dto.js';
import { RegisterDto } from './dto/register.dto.js';
import { TokenPairDto } from './dto/token-pair.dto.js';
import { RefreshService } from './refresh.service.js';
import { RegistrationService } from './registration.service.js';
import { SignInService } from './sign-in/sign-in.service.js';
import { SignOutGuard } from './sign-out.guard.js';
import { SignOutService } from './sign-out.service.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly signIns: SignInService,
    private readonly refreshes: RefreshService,
    private readonly signOuts: SignOutService,
  ) {}

  @Public()
  @Post('register')
  @ApiOperation({
    summary: 'Create an account',
    description:
      'Sends a mail with a link to verify the email. The email is normalized and unique. The password has 8 to 128 characters and must not be easy to guess. Counts towards a limit per client, and towards one per client and email.',
  })
  @ApiCreated(UserDto, '/users/me')
  @ApiProblems(PasswordTooWeakError, EmailTakenError, TooManyRequestsError)
  async registerUser(
    @Body() { email, password, name }: RegisterDto,
    @RequestClient() client: Client,
  ): Promise<UserDto> {
    return UserDto.from(await this.registration.register({ email, password, name }, client));
  }

  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sign in and create a session',
    description:
      'The response is identical for an unknown email, a wrong password and an inactive user. Failed attempts count per client and per account. Send the last refresh token of the device, so that strangers cannot lock its user out. If the account has a second factor, a correct password gets 401 `second_factor_required`: continue with `POST /auth/login/factor`. In cookie mode, the session of the previous cookie is revoked. If the user has the maximum number of sessions, the oldest is revoked, or the sign-in is rejected.',
  })
  @DeliversTokens()
  @ApiProblems(
    InvalidCredentialsError,
    SecondFactorRequiredError,
    EmailNotVerifiedError,
    OriginNotAllowedError,
    SessionLimitReachedError,
    TooManyRequestsError,
  )
  async signIn(
    @Body() { email, password, ...device }: LoginDto,
    @RequestClient() client: Client,
  ): Promise<TokenPairDto> {
    return TokenPairDto.from(await this.signIns.signIn(email, password, deviceOf(client, device)));
  }

  @Public()
  @Post('refresh')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Exchange a refresh token for a new token pair',
    description:
      'Each refresh token works once. If the response is lost, repeat the request to get the same new token, as long as neither new token was used. Otherwise a used token revokes the session, because it may have been stolen. Without a token in the body, takes that of the cookie, and requires a listed `Origin`.',
  })
  @TakesRefreshCookie()
  @ApiBody({ type: RefreshDto, required: false })
  @ApiTokens()
  @ApiProblems(
    OriginNotAllowedError,
    RefreshTokenMissingError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    SessionRevokedError,
    SessionExpiredError,
    UserInactiveError,
    TooManyRequestsError,
  )
  async refreshTokens(@Body() { refreshToken }: RefreshDto, @RequestClient() client: Client): Promise<TokenPairDto> {
    return TokenPairDto.from(await this.refreshes.refresh(refreshToken, client));
  }

  @Public()
  @SignInOnly()
  @OpenToUnenrolled()
  @UseGuards(SignOutGuard)
  @Post('logout')
  @HttpCode(204)
  @TakesRefreshCookie()
  @LenientBody()
  @ApiOperation({
    summary: 'Sign out: revoke the session of the access token or of the refresh token',
    description:
      'Works with an expired access token if the body or the cookie has the refresh token. A cookie requires a listed `Origin`, and is cleared. With a valid access token, an invalid body is ignored. All tokens of the session stop working before the response is sent.',
  })
  @ApiBody({ type: LogoutDto, required: false })
  @ApiNoContentResponse()
  @ApiProblems(OriginNotAllowedError, TokenMissingError)
  async signOut(
    @CurrentPrincipal() principal: Principal | null,
    @Body() { refreshToken }: LogoutDto,
    @RequestClient() client: Client,
  ): Promise<void> {
    await this.signOuts.signOut(principal, refreshToken, client);
  }
}
