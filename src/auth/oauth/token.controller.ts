import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FormBody } from '../../http/body/body.decorators.js';
import { FormatErrors } from '../../http/error-format.js';
import { Public } from '../../http/public.decorator.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import type { Client } from '../../common/client.js';
import { ApiOAuthError, ApiOAuthServerErrors } from './api-oauth-error.decorator.js';
import { TokenRequestDto } from './dto/token-request.dto.js';
import { TokenResponseDto } from './dto/token-response.dto.js';
import { oauthError } from './oauth-error.format.js';
import { TokenService } from './token.service.js';

/** The OAuth 2.0 token endpoint, for the Authorize dialog of Swagger UI and for standard clients. */
@ApiTags('oauth')
@Controller('auth/token')
export class TokenController {
  constructor(private readonly tokens: TokenService) {}

  @Public()
  @Post()
  @HttpCode(200)
  @Header('Pragma', 'no-cache')
  @ApiOperation({
    summary: 'OAuth 2.0 token endpoint (RFC 6749): password and refresh grants',
    description:
      'Has the rules and limits of `POST /auth/login` and `POST /auth/refresh`, for standard clients. Ignores unknown parameters and client credentials. Errors are those of RFC 6749 §5.2.',
  })
  @FormatErrors(oauthError)
  @FormBody()
  @ApiBody({ type: TokenRequestDto })
  @ApiOkResponse({ type: TokenResponseDto })
  @ApiOAuthError(
    400,
    'The form or the grant is not valid.',
    'invalid_request',
    'invalid_grant',
    'unsupported_grant_type',
  )
  @ApiOAuthError(429, 'Too many attempts or connections.', 'temporarily_unavailable')
  @ApiOAuthServerErrors()
  // eslint-disable-next-line gatehouse/dto-class -- the form may have unknown parameters (RFC 6749 §3.2)
  async requestToken(@Body() form: unknown, @RequestClient() client: Client): Promise<TokenResponseDto> {
    return TokenResponseDto.from(await this.tokens.exchange(form, client));
  }
}
