import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Client } from '../../common/client.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { Public } from '../../http/public.decorator.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { CheckOneTimeTokenDto } from './dto/check-one-time-token.dto.js';
import { TokenUsedOrExpiredError } from './one-time-tokens.errors.js';
import { OneTimeTokensService } from './one-time-tokens.service.js';

@ApiTags('recovery')
@Controller('auth/one-time-tokens')
export class OneTimeTokensController {
  constructor(private readonly tokens: OneTimeTokensService) {}

  @Public()
  @Post('check')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Check whether a mailed token still works',
    description: 'The token remains valid. Pages use this to report a dead link before the user fills in a form.',
  })
  @ApiNoContentResponse({ description: 'The token works.' })
  @ApiProblems(TokenUsedOrExpiredError, TooManyRequestsError)
  check(@Body() { token, purpose }: CheckOneTimeTokenDto, @RequestClient() client: Client): Promise<void> {
    return this.tokens.checkToken(purpose, token, client);
  }
}
