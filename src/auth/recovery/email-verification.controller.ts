import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import type { Principal } from '../../common/principal.js';
import { SignInOnly } from '../../http/access.decorators.js';
import { Public } from '../../http/public.decorator.js';
import { TokenUsedOrExpiredError } from '../one-time-tokens/one-time-tokens.errors.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import type { Client } from '../../common/client.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { CurrentUser } from '../../users/current-user.decorator.js';
import type { User } from '../../users/user.entity.js';
import { OneTimeTokenDto } from '../one-time-tokens/dto/one-time-token.dto.js';
import { EmailVerificationService } from './email-verification.service.js';

@ApiTags('recovery')
@Controller('auth/email')
export class EmailVerificationController {
  constructor(private readonly verification: EmailVerificationService) {}

  @Post('verification')
  @SignInOnly()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send the current user a new link to verify their email',
    description: 'Sends no mail if the email is already verified. Counts towards a limit per client and per email.',
  })
  @ApiAcceptedResponse({ description: 'Accepted. No mail is sent if the email is already verified.' })
  @ApiProblems(TooManyRequestsError)
  requestEmailVerification(
    @CurrentPrincipal() principal: Principal,
    @CurrentUser() { email }: User,
    @RequestClient() client: Client,
  ): Promise<void> {
    return this.verification.requestVerification(principal, email, client);
  }

  @Public()
  @Post('verify')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Verify an email with a mailed token',
    description: 'The token is in the fragment of the mailed link. It works once, and for a day by default.',
  })
  @ApiNoContentResponse()
  @ApiProblems(TokenUsedOrExpiredError, TooManyRequestsError)
  verifyEmail(@Body() { token }: OneTimeTokenDto, @RequestClient() client: Client): Promise<void> {
    return this.verification.verifyEmail(token, client);
  }
}
