import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Client } from '../../common/client.js';
import type { Principal } from '../../common/principal.js';
import { OpenToUnenrolled, SignInOnly } from '../../http/access.decorators.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import { OriginNotAllowedError } from '../../http/http.errors.js';
import { Public } from '../../http/public.decorator.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { SessionLimitReachedError } from '../../sessions/sessions.errors.js';
import { DeliversTokens } from '../cookies/token-delivery.decorator.js';
import { TokenPairDto } from '../dto/token-pair.dto.js';
import { ChallengeInvalidError } from '../factors/factors.errors.js';
import { EmailNotVerifiedError } from '../recovery/recovery.errors.js';
import { PasskeyChallengeDto } from './dto/passkey-challenge.dto.js';
import { PasskeyRequestOptionsDto } from './dto/passkey-options.dto.js';
import { PasskeySignInDto } from './dto/passkey-sign-in.dto.js';
import { PasskeyRequestService } from './passkey-request.service.js';
import { PasskeySignInService } from './passkey-sign-in.service.js';
import { PasskeyInvalidError } from './passkeys.errors.js';

const USE = 'Pass them to `PublicKeyCredential.parseRequestOptionsFromJSON` and `navigator.credentials.get`';

@ApiTags('auth')
@Controller('auth')
export class PasskeySignInController {
  constructor(
    private readonly requests: PasskeyRequestService,
    private readonly signIns: PasskeySignInService,
  ) {}

  @Public()
  @Post('passkey/options')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Get the options for a sign-in with a passkey alone',
    description: `${USE}, then send the result to \`POST /auth/passkey\`. The options do not depend on an account.`,
  })
  @ApiOkResponse({ type: PasskeyRequestOptionsDto })
  getSignInOptions(): PasskeyRequestOptionsDto {
    return this.requests.forSignIn();
  }

  @Public()
  @Post('passkey')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sign in with a passkey alone',
    description:
      'The passkey must verify its user, so it counts as two factors. The response is identical for an unknown passkey, a wrong response and an inactive user. Failed attempts count per client.',
  })
  @DeliversTokens()
  @ApiProblems(
    PasskeyInvalidError,
    EmailNotVerifiedError,
    OriginNotAllowedError,
    SessionLimitReachedError,
    TooManyRequestsError,
  )
  async signIn(
    @Body() { response, deviceName, refreshToken }: PasskeySignInDto,
    @RequestClient() client: Client,
  ): Promise<TokenPairDto> {
    const device = { ...client, deviceName, refreshToken: refreshToken ?? client.refreshToken };
    return TokenPairDto.from(await this.signIns.signIn(response, device));
  }

  @Public()
  @Post('login/factor/passkey-options')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Get the options for a passkey as second factor',
    description: `${USE}, then send the result to \`POST /auth/login/factor\` as \`passkey\`.`,
  })
  @ApiOkResponse({ type: PasskeyRequestOptionsDto })
  @ApiProblems(ChallengeInvalidError, TooManyRequestsError)
  getFactorOptions(
    @Body() { challenge }: PasskeyChallengeDto,
    @RequestClient() client: Client,
  ): Promise<PasskeyRequestOptionsDto> {
    return this.requests.forSecondFactor(challenge, client);
  }

  @SignInOnly()
  @OpenToUnenrolled()
  @Post('step-up/passkey-options')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Get the options to authenticate again with a passkey',
    description: `${USE}, then send the result to \`POST /auth/step-up\` as \`passkey\`.`,
  })
  @ApiOkResponse({ type: PasskeyRequestOptionsDto })
  getStepUpOptions(@CurrentPrincipal() principal: Principal): Promise<PasskeyRequestOptionsDto> {
    return this.requests.forStepUp(principal);
  }
}
