import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SignInOnly } from '../../http/access.decorators.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import type { Principal } from '../../common/principal.js';
import { Public } from '../../http/public.decorator.js';
import { TokenUsedOrExpiredError } from '../one-time-tokens/one-time-tokens.errors.js';
import { PasswordTooWeakError } from '../../platform/passwords/passwords.errors.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import type { Client } from '../../common/client.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { IncorrectPasswordError } from '../../users/users.errors.js';
import { ChangePasswordDto } from './dto/change-password.dto.js';
import { ForgotPasswordDto } from './dto/forgot-password.dto.js';
import { ResetPasswordDto } from './dto/reset-password.dto.js';
import { PasswordChangeService } from './password-change.service.js';
import { PasswordResetService } from './password-reset.service.js';
import { PasswordUnchangedError } from './recovery.errors.js';

@ApiTags('recovery')
@Controller('auth/password')
export class PasswordController {
  constructor(
    private readonly changes: PasswordChangeService,
    private readonly resets: PasswordResetService,
  ) {}

  @Post()
  @SignInOnly()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Change the current user’s password and revoke their other sessions',
    description:
      'Requires the current password. Wrong ones count towards a limit. Invalidates mailed reset links, and sends a mail about the change. API keys remain valid, unless `keys` is `revoke`.',
  })
  @ApiNoContentResponse()
  @ApiProblems(IncorrectPasswordError, PasswordUnchangedError, PasswordTooWeakError, TooManyRequestsError)
  changePassword(
    @CurrentPrincipal() principal: Principal,
    @RequestClient() client: Client,
    @Body() { currentPassword: current, newPassword: next, keys }: ChangePasswordDto,
  ): Promise<void> {
    return this.changes.changePassword(principal, client, { current, next, revokesKeys: keys === 'revoke' });
  }

  @Public()
  @Post('forgot')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send a link to choose a new password, if the account exists',
    description:
      'The response and its timing do not reveal whether the account exists. Requests count towards a limit per client, and mails towards one per account.',
  })
  @ApiAcceptedResponse({ description: 'Accepted. The response does not reveal whether the account exists.' })
  @ApiProblems(TooManyRequestsError)
  requestPasswordReset(@Body() { email }: ForgotPasswordDto, @RequestClient() client: Client): Promise<void> {
    return this.resets.requestReset(email, client);
  }

  @Public()
  @Post('reset')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Set a new password with a mailed token and revoke every session',
    description:
      'The token is in the fragment of the mailed link. It works once, and for an hour by default. A rejected password does not use it up. Also verifies the email.',
  })
  @ApiNoContentResponse()
  @ApiProblems(TokenUsedOrExpiredError, PasswordTooWeakError, TooManyRequestsError)
  resetPassword(@Body() { token, newPassword }: ResetPasswordDto, @RequestClient() client: Client): Promise<void> {
    return this.resets.resetPassword(token, newPassword, client);
  }
}
