import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { publicJwk } from '../jwk.js';
import type { VerificationKey } from '../token-key.js';

/** A public key (RFC 7517 §4, RFC 7518 §6). */
class JwkDto {
  @ApiProperty({ enum: ['EC', 'RSA'], example: 'EC' })
  kty!: 'EC' | 'RSA';

  @ApiProperty({ example: 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U', description: 'The thumbprint (RFC 7638).' })
  kid!: string;

  @ApiProperty({ enum: ['ES256', 'RS256'], example: 'ES256' })
  alg!: string;

  @ApiProperty({ enum: ['sig'], example: 'sig' })
  use!: 'sig';

  @ApiPropertyOptional({ enum: ['P-256'], example: 'P-256', description: 'The curve of an EC key.' })
  crv?: string;

  @ApiPropertyOptional({ example: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' })
  x?: string;

  @ApiPropertyOptional({ example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' })
  y?: string;

  @ApiPropertyOptional({
    example: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc',
    description: 'The modulus of an RSA key.',
  })
  n?: string;

  @ApiPropertyOptional({ example: 'AQAB', description: 'The exponent of an RSA key.' })
  e?: string;
}

/** The public keys of access tokens (RFC 7517 §5). */
export class JwksDto {
  @ApiProperty({ type: [JwkDto] })
  keys!: readonly JwkDto[];

  /** Returns the public keys. Omits HS256 secrets. */
  static from(keys: readonly VerificationKey[]): JwksDto {
    const pairs = keys.filter(({ verifier }) => verifier.type === 'public');
    return {
      keys: pairs.map(({ id, algorithm, verifier }) => ({
        ...publicJwk(verifier),
        kid: id,
        alg: algorithm,
        use: 'sig',
      })),
    };
  }
}
