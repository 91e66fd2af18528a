import { ApiProperty } from '@nestjs/swagger';
import { CodePoints } from '../../../http/fields.js';

export class PasskeyChallengeDto {
  @ApiProperty({
    minLength: 1,
    maxLength: 100,
    description: 'From the problem `second_factor_required`.',
    example: 'mV1oZc0kq3r6bQWm2y3tq9m2cJ3Qk6s8n1vY5xT7uZA',
  })
  @CodePoints(1, 100)
  challenge!: string;
}
