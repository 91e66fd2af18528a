import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

const CHALLENGE = 'KyPL0ypC9VzOrtxjFtEqV2jEYkqhNVuDNzNsN0hbQLNyYlz0Rv8h9gFkqUd9HvEuF1c1Tw';
const CREDENTIAL_ID = 'yab1s0YtAoc_6gxWhiI0-Z8IFygIThEbt3YCAaiQVKU';

export class PasskeyDescriptorDto {
  @ApiProperty({ enum: ['public-key'], example: 'public-key' })
  type!: 'public-key';

  @ApiProperty({ example: CREDENTIAL_ID })
  id!: string;

  @ApiProperty({ type: [String], example: ['internal', 'hybrid'] })
  transports!: string[];
}

/** `PublicKeyCredentialRequestOptionsJSON` of WebAuthn. */
export class PasskeyRequestOptionsDto {
  @ApiProperty({ example: CHALLENGE, description: 'Works once, and expires after five minutes.' })
  challenge!: string;

  @ApiProperty({ example: 'app.example.com' })
  rpId!: string;

  @ApiProperty({ type: 'integer', format: 'int32', example: 300_000, description: 'Milliseconds.' })
  timeout!: number;

  @ApiProperty({ enum: ['required'], example: 'required' })
  userVerification!: 'required';

  @ApiPropertyOptional({
    type: [PasskeyDescriptorDto],
    description: 'The passkeys of the user. Without it, the browser offers all passkeys of this site.',
  })
  allowCredentials?: PasskeyDescriptorDto[];
}

export class RelyingPartyDto {
  @ApiProperty({ example: 'app.example.com' })
  id!: string;

  @ApiProperty({ example: 'Gatehouse' })
  name!: string;
}

export class PasskeyUserDto {
  @ApiProperty({ example: 'AZjF8m8KfD6dK1pPexyOYA', description: 'The user handle: the bytes of the user’s ID.' })
  id!: string;

  @ApiProperty({ example: 'ada@example.com' })
  name!: string;

  @ApiProperty({ example: 'Ada Lovelace' })
  displayName!: string;
}

export class PasskeyParametersDto {
  @ApiProperty({ enum: ['public-key'], example: 'public-key' })
  type!: 'public-key';

  @ApiProperty({ type: 'integer', format: 'int32', example: -7 })
  alg!: number;
}

export class AuthenticatorSelectionDto {
  @ApiProperty({ enum: ['required'], example: 'required' })
  residentKey!: 'required';

  @ApiProperty({ example: true })
  requireResidentKey!: boolean;

  @ApiProperty({ enum: ['required'], example: 'required' })
  userVerification!: 'required';
}

/** `PublicKeyCredentialCreationOptionsJSON` of WebAuthn. */
export class PasskeyCreationOptionsDto {
  @ApiProperty({ type: RelyingPartyDto })
  rp!: RelyingPartyDto;

  @ApiProperty({ type: PasskeyUserDto })
  user!: PasskeyUserDto;

  @ApiProperty({ example: CHALLENGE, description: 'Works once, in this session, and expires after five minutes.' })
  challenge!: string;

  @ApiProperty({ type: [PasskeyParametersDto] })
  pubKeyCredParams!: PasskeyParametersDto[];

  @ApiProperty({ type: 'integer', format: 'int32', example: 300_000, description: 'Milliseconds.' })
  timeout!: number;

  @ApiProperty({ enum: ['none'], example: 'none' })
  attestation!: 'none';

  @ApiProperty({ type: [PasskeyDescriptorDto], description: 'The passkeys that the user already has.' })
  excludeCredentials!: PasskeyDescriptorDto[];

  @ApiProperty({ type: AuthenticatorSelectionDto })
  authenticatorSelection!: AuthenticatorSelectionDto;
}
