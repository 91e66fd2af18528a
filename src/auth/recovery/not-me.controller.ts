import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { Public } from '../../http/public.decorator.js';
import { TokenUsedOrExpiredError } from '../one-time-tokens/one-time-tokens.errors.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import type { Client } from '../../common/client.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { EmailTakenError } from '../../users/users.errors.js';
import { OneTimeTokenDto } from '../one-time-tokens/dto/one-time-token.dto.js';
import { NotMeService } from './not-me.service.js';

@ApiTags('recovery')
@Controller('auth/not-me')
export class NotMeController {
  constructor(private readonly notMe: NotMeService) {}

  @Public()
  @Post()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Report with a mailed token: this was not me',
    description:
      'Restores the email that received the link, if it was changed since. Revokes every session, disables the password, removes recent second factors, and mails a link to choose a new password. The token works once, for a week.',
  })
  @ApiAcceptedResponse({ description: 'Done. A mail with a link to choose a new password follows.' })
  @ApiProblems(TokenUsedOrExpiredError, EmailTakenError, TooManyRequestsError)
  reportNotMe(@Body() { token }: OneTimeTokenDto, @RequestClient() client: Client): Promise<void> {
    return this.notMe.reportNotMe(token, client);
  }
}
