import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Client } from '../../common/client.js';
import { FormBody } from '../../http/body/body.decorators.js';
import { FormatErrors } from '../../http/error-format.js';
import { Public } from '../../http/public.decorator.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import { SignOutService } from '../sign-out.service.js';
import { ApiOAuthError, ApiOAuthServerErrors } from './api-oauth-error.decorator.js';
import { tokenOf, TokenFormDto } from './dto/token-form.dto.js';
import { oauthError } from './oauth-error.format.js';

@ApiTags('oauth')
@Controller('auth/revoke')
export class RevocationController {
  constructor(private readonly signOuts: SignOutService) {}

  @Public()
  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Revoke the session of a token (RFC 7009)',
    description:
      'Takes an access token, a refresh token of any age or an API key. All tokens of its session stop working before the response is sent. The token itself suffices, without `Authorization`. The response is the same for an unknown token.',
  })
  @FormatErrors(oauthError)
  @FormBody()
  @ApiBody({ type: TokenFormDto })
  @ApiOkResponse({ description: 'The token no longer works.', schema: { type: 'object', example: {} } })
  @ApiOAuthError(400, 'The form is not valid.', 'invalid_request')
  @ApiOAuthError(429, 'Too many connections.', 'temporarily_unavailable')
  @ApiOAuthServerErrors()
  // eslint-disable-next-line gatehouse/dto-class -- the form may have unknown parameters (RFC 6749 §3.2)
  async revokeToken(@Body() form: unknown, @RequestClient() client: Client): Promise<object> {
    await this.signOuts.revokeToken(tokenOf(form), client);
    return {};
  }
}
