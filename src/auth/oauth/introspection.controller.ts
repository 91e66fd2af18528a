import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { INTROSPECT_SCOPE } from '../../common/scope.js';
import { Scopes } from '../../http/access.decorators.js';
import { FormBody } from '../../http/body/body.decorators.js';
import { FormatErrors } from '../../http/error-format.js';
import { ApiOAuthError, ApiOAuthServerErrors } from './api-oauth-error.decorator.js';
import { IntrospectionDto } from './dto/introspection.dto.js';
import { tokenOf, TokenFormDto } from './dto/token-form.dto.js';
import { IntrospectScopeGuard } from './introspect-scope.guard.js';
import { IntrospectionService } from './introspection.service.js';
import { keyError } from './oauth-error.format.js';

@ApiTags('oauth')
@Controller('auth/introspect')
export class IntrospectionController {
  constructor(private readonly introspection: IntrospectionService) {}

  @Scopes(INTROSPECT_SCOPE)
  @UseGuards(IntrospectScopeGuard)
  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Check whether a token may be used now (RFC 7662), for other services',
    description:
      'Needs an API key with the scope `introspect`, which an admin creates. A revocation shows in the next response, so a service that introspects each request has revocation as strict as this server. The response for an unknown, revoked or expired token is `{ "active": false }`.',
  })
  @FormatErrors(keyError)
  @FormBody()
  @ApiBody({ type: TokenFormDto })
  @ApiOkResponse({ type: IntrospectionDto })
  @ApiOAuthError(400, 'The form is not valid.', 'invalid_request')
  @ApiOAuthError(401, 'There is no key, or it is not valid.', 'invalid_client', 'invalid_token')
  @ApiOAuthError(403, 'The key or its owner may not introspect tokens.', 'insufficient_scope')
  @ApiOAuthError(429, 'Too many requests of the key, or too many connections.', 'temporarily_unavailable')
  @ApiOAuthServerErrors()
  // eslint-disable-next-line gatehouse/dto-class -- the form may have unknown parameters (RFC 6749 §3.2)
  introspectToken(@Body() form: unknown): Promise<IntrospectionDto> {
    return this.introspection.introspect(tokenOf(form));
  }
}
