import { ApiProperty } from '@nestjs/swagger';
import { FACTOR_KINDS, type Factor, type FactorKind } from '../factor.entity.js';
import type { FactorList } from '../factors.service.js';

/** The fields of a second factor that its owner may see. */
export class FactorDto {
  @ApiProperty({ format: 'uuid', example: '0198c5f2-8b22-7e15-a3f0-6c1d4e9b7a20' })
  id!: string;

  @ApiProperty({ enum: FACTOR_KINDS, enumName: 'FactorKind', example: 'totp' })
  kind!: FactorKind;

  @ApiProperty({ type: String, nullable: true, example: 'Phone' })
  name!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-01-15T09:30:00.000Z' })
  createdAt!: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-01-15T09:30:00.000Z' })
  lastUsedAt!: Date | null;

  static from(this: void, { id, kind, name, createdAt, lastUsedAt }: Factor): FactorDto {
    return { id, kind, name, createdAt, lastUsedAt };
  }
}

export class FactorListDto {
  @ApiProperty({ type: [FactorDto] })
  items!: FactorDto[];

  @ApiProperty({ type: 'integer', format: 'int32', minimum: 0, maximum: 10, example: 10 })
  recoveryCodesLeft!: number;

  static from(this: void, { factors, recoveryCodesLeft }: FactorList): FactorListDto {
    return { items: factors.map(FactorDto.from), recoveryCodesLeft };
  }
}
