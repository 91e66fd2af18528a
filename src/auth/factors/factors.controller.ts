import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/principal.js';
import { OpenToUnenrolled, SignInOnly, StepUp } from '../../http/access.decorators.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import { IdParamDto } from '../../http/id-param.dto.js';
import { FactorDto, FactorListDto } from './dto/factor.dto.js';
import { RecoveryCodesDto } from './dto/recovery-codes.dto.js';
import { UpdateFactorDto } from './dto/update-factor.dto.js';
import { FactorMissingError, FactorNotFoundError, LastFactorError } from './factors.errors.js';
import { FactorsService } from './factors.service.js';

@ApiTags('factors')
@SignInOnly()
@OpenToUnenrolled()
@Controller('auth/factors')
export class FactorsController {
  constructor(private readonly factors: FactorsService) {}

  @Get()
  @ApiOperation({
    summary: 'List the current user’s active second factors',
    description: 'The list has no pages, because an account has at most ten.',
  })
  @ApiOkResponse({ type: FactorListDto })
  async listFactors(@CurrentPrincipal() principal: Principal): Promise<FactorListDto> {
    return FactorListDto.from(await this.factors.listFactors(principal));
  }

  @Post('recovery-codes')
  @StepUp({ maxAge: '10m' })
  @ApiOperation({
    summary: 'Create ten new recovery codes',
    description: 'The earlier codes stop working. Each new code works once, instead of a second factor. Sends a mail.',
  })
  @ApiCreatedResponse({ type: RecoveryCodesDto })
  @ApiProblems(FactorMissingError)
  async replaceRecoveryCodes(@CurrentPrincipal() principal: Principal): Promise<RecoveryCodesDto> {
    return { recoveryCodes: await this.factors.replaceRecoveryCodes(principal) };
  }

  @Patch(':id')
  @StepUp({ maxAge: '10m' })
  @ApiOperation({ summary: 'Rename a second factor', description: 'Sends a mail if the name changes.' })
  @ApiOkResponse({ type: FactorDto })
  @ApiProblems(FactorNotFoundError)
  async updateFactor(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: IdParamDto,
    @Body() { name }: UpdateFactorDto,
  ): Promise<FactorDto> {
    return FactorDto.from(await this.factors.renameFactor(principal, id, name));
  }

  @Delete(':id')
  @HttpCode(204)
  @StepUp({ maxAge: '10m' })
  @ApiOperation({
    summary: 'Delete a second factor',
    description:
      'Deleting the last one also deletes the recovery codes, and fails if the role of the account requires a second factor. Sends a mail.',
  })
  @ApiNoContentResponse()
  @ApiProblems(FactorNotFoundError, LastFactorError)
  deleteFactor(@CurrentPrincipal() principal: Principal, @Param() { id }: IdParamDto): Promise<void> {
    return this.factors.removeFactor(principal, id);
  }
}
