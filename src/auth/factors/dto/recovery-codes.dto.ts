import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

const CODES = {
  minItems: 10,
  maxItems: 10,
  example: [
    '8Q2M-WX4T-0ZKC-R7NA-5HJE-P3VG',
    '1KDN-93XW-QZ7B-HM4T-J6RC-V0PA',
    'TB5G-2YEH-M8SK-4NWD-X1QZ-9FJ7',
    'C7RV-PH03-DJTX-6GWA-KE9M-52ZN',
    'ZN4J-6MQB-1SVH-TY8E-07KD-XGRC',
    '5WGX-KR2P-A9FE-J3HZ-NQ6T-81BD',
    'HM08-TVCJ-7EKX-ZB51-GRWS-4NQ2',
    'E9PS-D1NQ-GW4R-28KX-MHTB-J67F',
    'R3TZ-J5BA-NX2M-VC70-WPDG-K8YE',
    'X6HC-8WGE-4TKP-S9QJ-2ZRN-MB1V',
  ],
};

export class RecoveryCodesDto {
  @ApiProperty({ type: [String], ...CODES, description: 'They are shown only once. Each works once.' })
  recoveryCodes!: string[];
}

export class ConfirmedFactorDto {
  @ApiPropertyOptional({
    type: [String],
    ...CODES,
    description: 'Only with the first factor of the account. They are shown only once.',
  })
  recoveryCodes?: string[];
}
