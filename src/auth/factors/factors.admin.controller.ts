import { Controller, Delete, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/principal.js';
import { StepUp } from '../../http/access.decorators.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import { IdParamDto } from '../../http/id-param.dto.js';
import { Roles } from '../../http/roles.decorator.js';
import { UserNotFoundError } from '../../users/users.errors.js';
import { LastFactorError } from './factors.errors.js';
import { FactorsResetService } from './factors-reset.service.js';

@ApiTags('admin')
@Roles('admin')
@Controller('admin/users/:id/factors')
export class FactorsAdminController {
  constructor(private readonly resets: FactorsResetService) {}

  @StepUp({ maxAge: '10m' })
  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Remove all second factors of a user, and revoke all their sessions',
    description:
      'For users who lost their factors and recovery codes. Verify the identity of the user first. Sends the user a mail. Does nothing if the user has no second factor. Fails for your own account if your role requires one.',
  })
  @ApiNoContentResponse()
  @ApiProblems(UserNotFoundError, LastFactorError)
  async resetFactors(@CurrentPrincipal() principal: Principal, @Param() { id }: IdParamDto): Promise<void> {
    await this.resets.resetFactors(id, principal);
  }
}
