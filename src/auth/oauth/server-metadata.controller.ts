import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ACR_ONE_FACTOR, ACR_TWO_FACTORS } from '../../common/authentication.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Public } from '../../http/public.decorator.js';
import { KeyRing } from '../tokens/key-ring.js';
import { ServerMetadataDto } from './dto/server-metadata.dto.js';

@Public({ evenIfBusy: true })
@ApiTags('oauth')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class ServerMetadataController {
  private readonly metadata: ServerMetadataDto;

  constructor(@InjectConfig() { http, publicUrl, accessToken }: Config, keys: KeyRing) {
    // A client checks that the issuer is the URL it asked (RFC 8414 §3.3).
    const issuer = URL.canParse(accessToken.issuer) ? accessToken.issuer : publicUrl;
    const routes = publicUrl + http.apiPrefix;
    this.metadata = {
      issuer,
      token_endpoint: `${routes}/auth/token`,
      introspection_endpoint: `${routes}/auth/introspect`,
      revocation_endpoint: `${routes}/auth/revoke`,
      ...(keys.current.algorithm !== 'HS256' && { jwks_uri: `${publicUrl}/.well-known/jwks.json` }),
      grant_types_supported: ['password', 'refresh_token'],
      response_types_supported: [],
      scopes_supported: ['api'],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      introspection_endpoint_auth_methods_supported: ['bearer'],
      acr_values_supported: [ACR_ONE_FACTOR, ACR_TWO_FACTORS],
    };
  }

  @Get('oauth-authorization-server')
  @ApiOperation({
    summary: 'The endpoints and abilities of this authorization server (RFC 8414)',
    description: 'OAuth clients configure themselves with it. The URLs begin with `PUBLIC_URL`.',
  })
  @ApiOkResponse({ type: ServerMetadataDto })
  getServerMetadata(): ServerMetadataDto {
    return this.metadata;
  }
}
