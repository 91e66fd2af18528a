import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Client } from '../../common/client.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { Public } from '../../http/public.decorator.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import { PasswordTooWeakError } from '../../platform/passwords/passwords.errors.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { TokenUsedOrExpiredError } from '../one-time-tokens/one-time-tokens.errors.js';
import { AcceptInvitationDto } from './dto/accept-invitation.dto.js';
import { InvitationsService } from './invitations.service.js';

@ApiTags('recovery')
@Controller('auth/invitation')
export class InvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  @Public()
  @Post('accept')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Accept an invitation with a mailed token: choose a password',
    description:
      'The token is in the fragment of the mailed link. It works once, and for a week by default. A rejected password does not use it up. Also verifies the email. Without `name`, the name stays the same.',
  })
  @ApiNoContentResponse()
  @ApiProblems(TokenUsedOrExpiredError, PasswordTooWeakError, TooManyRequestsError)
  acceptInvitation(
    @Body() { token, password, name }: AcceptInvitationDto,
    @RequestClient() client: Client,
  ): Promise<void> {
    return this.invitations.accept(token, { password, name }, client);
  }
}
