import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsString, MaxLength, MinLength } from 'class-validator';
import { Optional } from '../../common/http/fields.js';
import { EmailField, PasswordField } from '../../users/user-fields.js';

export class LoginDto {
  @EmailField()
  email!: string;

  @PasswordField()
  password!: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 100,
    example: 'Ada’s laptop',
    description: 'How the session is named in lists.',
  })
  @Transform(({ value }: TransformFnParams): unknown => (typeof value === 'string' ? value.trim() : value))
  @Optional()
  @IsString({ message: 'must be a string' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(100, { message: 'must have at most 100 characters' })
  deviceName?: string;
}
