import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/principal.js';
import { OpenToUnenrolled, SignInOnly, StepUp } from '../../http/access.decorators.js';
import { ApiCreated } from '../../http/api-created.decorator.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import { CurrentUser } from '../../users/current-user.decorator.js';
import type { User } from '../../users/user.entity.js';
import { FactorLimitReachedError } from '../factors/factors.errors.js';
import { AddedPasskeyDto, AddPasskeyDto } from './dto/add-passkey.dto.js';
import { PasskeyCreationOptionsDto } from './dto/passkey-options.dto.js';
import { PasskeyRegistrationService } from './passkey-registration.service.js';
import { PasskeyInvalidError, PasskeyTakenError } from './passkeys.errors.js';

@ApiTags('factors')
@SignInOnly()
@OpenToUnenrolled()
@StepUp({ maxAge: '10m' })
@Controller('auth/factors/passkeys')
export class PasskeysController {
  constructor(private readonly registrations: PasskeyRegistrationService) {}

  @Post('options')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Get the options for a new passkey',
    description:
      'Pass the options to `PublicKeyCredential.parseCreationOptionsFromJSON` and `navigator.credentials.create`, then send the result to `POST /auth/factors/passkeys`.',
  })
  @ApiOkResponse({ type: PasskeyCreationOptionsDto })
  getOptions(@CurrentPrincipal() principal: Principal, @CurrentUser() user: User): Promise<PasskeyCreationOptionsDto> {
    return this.registrations.createOptions(principal, user);
  }

  @Post()
  @ApiOperation({
    summary: 'Add a passkey',
    description:
      'The authenticator must verify the user. An account can have ten second factors. With the first one, the response has ten recovery codes. The user gets a mail.',
  })
  @ApiCreated(AddedPasskeyDto, '/auth/factors/:id')
  @ApiProblems(PasskeyInvalidError, PasskeyTakenError, FactorLimitReachedError)
  async addPasskey(
    @CurrentPrincipal() principal: Principal,
    @Body() { name, response }: AddPasskeyDto,
  ): Promise<AddedPasskeyDto> {
    return this.registrations.addPasskey(principal, name ?? null, response);
  }
}
