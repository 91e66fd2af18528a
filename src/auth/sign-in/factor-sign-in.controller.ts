import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Client } from '../../common/client.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { OriginNotAllowedError } from '../../http/http.errors.js';
import { Public } from '../../http/public.decorator.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { SessionLimitReachedError } from '../../sessions/sessions.errors.js';
import { DeliversTokens } from '../cookies/token-delivery.decorator.js';
import { TokenPairDto } from '../dto/token-pair.dto.js';
import { factorExamples } from '../factors/factor-fields.decorator.js';
import {
  CHALLENGE,
  ChallengeInvalidError,
  FactorInvalidError,
  FactorKeyMissingError,
} from '../factors/factors.errors.js';
import type { PasskeyRequestOptionsDto } from '../passkeys/dto/passkey-options.dto.js';
import { ReturnsPasskeyOptions } from '../passkeys/passkey-options.decorator.js';
import { EmailNotVerifiedError } from '../recovery/recovery.errors.js';
import { LoginFactorDto, PasskeyChallengeDto } from './dto/login-factor.dto.js';
import { deviceOf } from './dto/login.dto.js';
import { oneProofOf } from './factor-proof.js';
import { FactorSignInService } from './factor-sign-in.service.js';
import { PasskeyRequestService } from './passkey-request.service.js';

@ApiTags('auth')
@Controller('auth/login/factor')
export class FactorSignInController {
  constructor(
    private readonly signIns: FactorSignInService,
    private readonly passkeys: PasskeyRequestService,
  ) {}

  @Public()
  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Complete a sign-in with a second factor',
    description:
      'Send the `challenge` of `second_factor_required` with exactly one factor, from the same device. The challenge works once, for five minutes, and is void after five wrong factors. Wrong factors count per client and per account.',
  })
  @ApiBody({ type: LoginFactorDto, examples: factorExamples({ challenge: CHALLENGE }) })
  @DeliversTokens()
  @ApiProblems(
    ChallengeInvalidError,
    FactorInvalidError,
    FactorKeyMissingError,
    EmailNotVerifiedError,
    OriginNotAllowedError,
    SessionLimitReachedError,
    TooManyRequestsError,
  )
  async signInWithFactor(
    @Body() { challenge, ...body }: LoginFactorDto,
    @RequestClient() client: Client,
  ): Promise<TokenPairDto> {
    const proof = oneProofOf(body, { purpose: 'second_factor', boundTo: challenge });
    return TokenPairDto.from(await this.signIns.signIn(challenge, proof, deviceOf(client, body)));
  }

  @Public()
  @Post('passkey-options')
  @ReturnsPasskeyOptions(
    'Get the options for a passkey as a second factor',
    'to `POST /auth/login/factor` as `passkey`.',
  )
  @ApiProblems(ChallengeInvalidError, TooManyRequestsError)
  getFactorOptions(
    @Body() { challenge }: PasskeyChallengeDto,
    @RequestClient() client: Client,
  ): Promise<PasskeyRequestOptionsDto> {
    return this.passkeys.forSecondFactor(challenge, client);
  }
}
