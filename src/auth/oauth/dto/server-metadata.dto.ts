import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** The metadata of the authorization server (RFC 8414 §2). */
export class ServerMetadataDto {
  @ApiProperty({ example: 'https://accounts.example.com' })
  issuer!: string;

  @ApiProperty({ example: 'https://accounts.example.com/auth/token' })
  token_endpoint!: string;

  @ApiProperty({ example: 'https://accounts.example.com/auth/introspect' })
  introspection_endpoint!: string;

  @ApiProperty({ example: 'https://accounts.example.com/auth/revoke' })
  revocation_endpoint!: string;

  @ApiPropertyOptional({
    example: 'https://accounts.example.com/.well-known/jwks.json',
    description: 'Missing unless a key pair signs the access tokens.',
  })
  jwks_uri?: string;

  @ApiProperty({ type: [String], example: ['password', 'refresh_token'] })
  grant_types_supported!: readonly string[];

  @ApiProperty({ type: [String], example: [], description: 'Empty, because there is no authorization endpoint.' })
  response_types_supported!: readonly string[];

  @ApiProperty({ type: [String], example: ['api'] })
  scopes_supported!: readonly string[];

  @ApiProperty({ type: [String], example: ['none'], description: 'Clients do not authenticate.' })
  token_endpoint_auth_methods_supported!: readonly string[];

  @ApiProperty({ type: [String], example: ['none'], description: 'The token suffices.' })
  revocation_endpoint_auth_methods_supported!: readonly string[];

  @ApiProperty({
    type: [String],
    example: ['Bearer'],
    description: '`Bearer`: an API key with the scope `introspect` in the `Authorization` header (RFC 6750).',
  })
  introspection_endpoint_auth_methods_supported!: readonly string[];

  @ApiProperty({ type: [String], example: ['urn:gatehouse:acr:one-factor', 'urn:gatehouse:acr:two-factors'] })
  acr_values_supported!: readonly string[];
}
