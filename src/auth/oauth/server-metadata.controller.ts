import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Application } from 'express';
import { ACR_ONE_FACTOR, ACR_TWO_FACTORS } from '../../common/authentication.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Public } from '../../http/public.decorator.js';
import { pathOf } from '../../http/route-table.js';
import { KeyRing } from '../tokens/key-ring.js';
import { ServerMetadataDto } from './dto/server-metadata.dto.js';

/** Other issuers have no URL for their metadata (RFC 8414 §2). */
const HTTP_URL = /^https?:\/\/[^?#]+$/i;

@Public({ evenIfBusy: true })
@ApiTags('oauth')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class ServerMetadataController {
  private metadata: ServerMetadataDto | undefined;

  constructor(
    @InjectConfig() private readonly config: Config,
    private readonly keys: KeyRing,
    private readonly host: HttpAdapterHost,
  ) {}

  @Get('oauth-authorization-server')
  @ApiOperation({
    summary: 'Get the endpoints and capabilities of this authorization server (RFC 8414)',
    description: 'OAuth clients configure themselves with this document. The URLs begin with `PUBLIC_URL`.',
  })
  @ApiOkResponse({ type: ServerMetadataDto })
  getServerMetadata(): ServerMetadataDto {
    // Not at the start, because the routes are not complete then.
    return (this.metadata ??= this.describeServer());
  }

  private describeServer(): ServerMetadataDto {
    const { publicUrl, accessToken } = this.config;
    const express = this.host.httpAdapter.getInstance<Application>();
    const urlOf = (path: string) => publicUrl + pathOf(express, path);
    return {
      // A client checks that the issuer is the URL it asked (RFC 8414 §3.3).
      issuer: HTTP_URL.test(accessToken.issuer) ? accessToken.issuer : publicUrl,
      token_endpoint: urlOf('/auth/token'),
      introspection_endpoint: urlOf('/auth/introspect'),
      revocation_endpoint: urlOf('/auth/revoke'),
      ...(this.keys.current.algorithm !== 'HS256' && { jwks_uri: urlOf('/.well-known/jwks.json') }),
      grant_types_supported: ['password', 'refresh_token'],
      response_types_supported: [],
      scopes_supported: ['api'],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      introspection_endpoint_auth_methods_supported: ['Bearer'],
      acr_values_supported: [ACR_ONE_FACTOR, ACR_TWO_FACTORS],
    };
  }
}
