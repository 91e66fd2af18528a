import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/principal.js';
import { OpenToUnenrolled, SignInOnly, StepUp } from '../../http/access.decorators.js';
import { ApiCreated } from '../../http/api-created.decorator.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import { IdParamDto } from '../../http/id-param.dto.js';
import { ConfirmedFactorDto } from './dto/recovery-codes.dto.js';
import { ConfirmTotpDto, TotpEnrollmentDto } from './dto/totp.dto.js';
import {
  FactorKeyMissingError,
  FactorNotFoundError,
  FactorInvalidError,
  FactorLimitReachedError,
} from './factors.errors.js';
import { TotpService } from './totp.service.js';

@ApiTags('factors')
@SignInOnly()
@OpenToUnenrolled()
@StepUp({ maxAge: '10m' })
@Controller('auth/factors/totp')
export class TotpController {
  constructor(private readonly totp: TotpService) {}

  @Post()
  @ApiOperation({
    summary: 'Create a secret for an authenticator app (TOTP)',
    description: 'The secret is shown only once. It is not active until a code confirms it, within a day.',
  })
  @ApiCreated(TotpEnrollmentDto, '/auth/factors/:id')
  @ApiProblems(FactorLimitReachedError)
  enrollTotp(@CurrentPrincipal() principal: Principal): Promise<TotpEnrollmentDto> {
    return this.totp.enrollTotp(principal);
  }

  @Post(':id/confirm')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Activate an authenticator app with its first code',
    description:
      'Returns ten recovery codes with the first factor of the account. From then on, each sign-in needs a second factor. Sends a mail.',
  })
  @ApiOkResponse({ type: ConfirmedFactorDto })
  @ApiProblems(FactorNotFoundError, FactorInvalidError, FactorKeyMissingError, FactorLimitReachedError)
  async confirmTotp(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: IdParamDto,
    @Body() { code }: ConfirmTotpDto,
  ): Promise<ConfirmedFactorDto> {
    const recoveryCodes = await this.totp.confirmTotp(principal, id, code);
    return recoveryCodes ? { recoveryCodes } : {};
  }
}
