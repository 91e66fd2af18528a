import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Client } from '../../common/client.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { OriginNotAllowedError } from '../../http/http.errors.js';
import { Public } from '../../http/public.decorator.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { SessionLimitReachedError } from '../../sessions/sessions.errors.js';
import { DeliversTokens } from '../cookies/token-delivery.decorator.js';
import { TokenPairDto } from '../dto/token-pair.dto.js';
import { PasskeyRequestOptionsDto } from '../passkeys/dto/passkey-options.dto.js';
import { ReturnsPasskeyOptions } from '../passkeys/passkey-options.decorator.js';
import { PasskeyInvalidError } from '../passkeys/passkeys.errors.js';
import { EmailNotVerifiedError } from '../recovery/recovery.errors.js';
import { deviceOf } from './dto/login.dto.js';
import { PasskeySignInDto } from './dto/passkey-sign-in.dto.js';
import { PasskeyRequestService } from './passkey-request.service.js';
import { PasskeySignInService } from './passkey-sign-in.service.js';

@ApiTags('auth')
@Controller('auth/passkey')
export class PasskeySignInController {
  constructor(
    private readonly requests: PasskeyRequestService,
    private readonly signIns: PasskeySignInService,
  ) {}

  @Public()
  @Post('options')
  @ReturnsPasskeyOptions(
    'Get the options for a sign-in with a passkey alone',
    'to `POST /auth/passkey`. The options do not depend on an account.',
  )
  getSignInOptions(): PasskeyRequestOptionsDto {
    return this.requests.forSignIn();
  }

  @Public()
  @Post()
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
    @Body() { response, ...device }: PasskeySignInDto,
    @RequestClient() client: Client,
  ): Promise<TokenPairDto> {
    return TokenPairDto.from(await this.signIns.signIn(response, deviceOf(client, device)));
  }
}
