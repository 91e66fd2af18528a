import { IntersectionType } from '@nestjs/swagger';
import { ChallengeField } from '../../factors/factor-fields.decorator.js';
import { FactorProofsDto } from './factor-proofs.dto.js';
import { SignInDeviceDto } from './login.dto.js';

export class PasskeyChallengeDto {
  @ChallengeField()
  challenge!: string;
}

export class LoginFactorDto extends IntersectionType(PasskeyChallengeDto, FactorProofsDto, SignInDeviceDto) {}
