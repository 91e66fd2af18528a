import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Client } from '../../common/client.js';
import type { Principal } from '../../common/principal.js';
import { OpenToUnenrolled, SignInOnly } from '../../http/access.decorators.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import { RequestClient } from '../../http/request-client.decorator.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { IncorrectPasswordError } from '../../users/users.errors.js';
import { factorExamples } from '../factors/factor-fields.decorator.js';
import { FactorInvalidError, FactorKeyMissingError } from '../factors/factors.errors.js';
import type { PasskeyRequestOptionsDto } from '../passkeys/dto/passkey-options.dto.js';
import { ReturnsPasskeyOptions } from '../passkeys/passkey-options.decorator.js';
import { assertOneField, oneProofOf } from '../sign-in/factor-proof.js';
import { PasskeyRequestService } from '../sign-in/passkey-request.service.js';
import { StepUpDto } from './dto/step-up.dto.js';
import { StepUpService } from './step-up.service.js';

@ApiTags('auth')
@SignInOnly()
@OpenToUnenrolled()
@Controller('auth/step-up')
export class StepUpController {
  constructor(
    private readonly stepUps: StepUpService,
    private readonly passkeys: PasskeyRequestService,
  ) {}

  @Post()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Authenticate again before a sensitive change',
    description:
      'Call it after 401 `insufficient_user_authentication`, then repeat the request with the same access token. If that error asks for two factors, call this route once for each. A refresh does not count. Wrong proofs count towards a limit.',
  })
  @ApiBody({
    type: StepUpDto,
    examples: {
      password: { summary: 'The password', value: { password: 'seven lanterns at dusk' } },
      ...factorExamples(),
    },
  })
  @ApiNoContentResponse()
  @ApiProblems(IncorrectPasswordError, FactorInvalidError, FactorKeyMissingError, TooManyRequestsError)
  stepUp(
    @CurrentPrincipal() principal: Principal,
    @RequestClient() client: Client,
    @Body() { password, code, recoveryCode, passkey }: StepUpDto,
  ): Promise<void> {
    assertOneField({ password, code, recoveryCode, passkey });
    if (password !== undefined) return this.stepUps.confirmPassword(principal, client, password);
    const scope = { purpose: 'step_up', boundTo: principal.sessionId } as const;
    return this.stepUps.confirmFactor(principal, client, oneProofOf({ code, recoveryCode, passkey }, scope));
  }

  @Post('passkey-options')
  @ReturnsPasskeyOptions(
    'Get the options to authenticate again with a passkey',
    'to `POST /auth/step-up` as `passkey`.',
  )
  getStepUpOptions(@CurrentPrincipal() principal: Principal): Promise<PasskeyRequestOptionsDto> {
    return this.passkeys.forStepUp(principal);
  }
}
