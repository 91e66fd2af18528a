import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Client } from '../../common/client.js';
import type { Principal } from '../../common/principal.js';
import { StepUp } from '../../http/access.decorators.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import { Public } from '../../http/public.decorator.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { EmailTakenError } from '../../users/users.errors.js';
import { OneTimeTokenDto } from '../one-time-tokens/dto/one-time-token.dto.js';
import { TokenUsedOrExpiredError } from '../one-time-tokens/one-time-tokens.errors.js';
import { ChangeEmailDto } from './dto/change-email.dto.js';
import { EmailChangeService } from './email-change.service.js';

@ApiTags('recovery')
@Controller()
export class EmailChangeController {
  constructor(private readonly changes: EmailChangeService) {}

  @Post('users/me/email')
  @StepUp({ maxAge: '10m' })
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send a link to a new email, which then replaces the current one',
    description:
      'Until the link is used, the account keeps its email. The response and its timing do not reveal whether another account has the new one. Invalidates the link of an earlier request. Counts towards a limit per client and per account, and mails towards one per email.',
  })
  @ApiAcceptedResponse({ description: 'Accepted. The response does not reveal whether an account has this email.' })
  @ApiProblems(TooManyRequestsError)
  requestEmailChange(
    @CurrentPrincipal() principal: Principal,
    @Body() { email }: ChangeEmailDto,
    @RequestClient() client: Client,
  ): Promise<void> {
    return this.changes.requestChange(principal, email, client);
  }

  @Public()
  @Post('auth/email/change')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Change the email of an account with a mailed token',
    description:
      'The token is in the fragment of the link that the new email received. It works once, and for a day by default. The new email is verified, and links that were sent to the earlier one stop working. The earlier email receives a link that undoes the change for a week. Sessions stay signed in.',
  })
  @ApiNoContentResponse()
  @ApiProblems(TokenUsedOrExpiredError, EmailTakenError, TooManyRequestsError)
  changeEmail(@Body() { token }: OneTimeTokenDto, @RequestClient() client: Client): Promise<void> {
    return this.changes.changeEmail(token, client);
  }
}
