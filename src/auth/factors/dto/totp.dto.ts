import { ApiProperty } from '@nestjs/swagger';
import { CodeField } from '../factor-fields.decorator.js';

export class ConfirmTotpDto {
  @CodeField()
  code!: string;
}

/** The secret of a new authenticator app. It is shown only once. */
export class TotpEnrollmentDto {
  @ApiProperty({ format: 'uuid', example: '0198c5f2-8b22-7e15-a3f0-6c1d4e9b7a20' })
  id!: string;

  @ApiProperty({ description: 'In base 32, for manual input.', example: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' })
  secret!: string;

  @ApiProperty({
    description: 'Opens an authenticator app on the same device.',
    example: 'otpauth://totp/Gatehouse:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Gatehouse',
  })
  uri!: string;

  @ApiProperty({
    description: 'The URI as a QR code, in SVG.',
    example: '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
  })
  qrCode!: string;
}
