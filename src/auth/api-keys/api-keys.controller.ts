import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/principal.js';
import { SignInOnly, StepUp } from '../../http/access.decorators.js';
import { ApiCreated } from '../../http/api-created.decorator.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import { IdParamDto } from '../../http/id-param.dto.js';
import { KeyLimitReachedError, KeyNotFoundError } from './api-keys.errors.js';
import { ApiKeysService } from './api-keys.service.js';
import { ApiKeyDto, ApiKeyListDto, CreatedApiKeyDto } from './dto/api-key.dto.js';
import { CreateApiKeyDto } from './dto/create-api-key.dto.js';

@ApiTags('keys')
@SignInOnly()
@Controller('auth/keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @StepUp({ maxAge: '10m' })
  @ApiOperation({
    summary: 'Create an API key',
    description:
      'No other response contains the key. Send it as `Authorization: Bearer`, like an access token. A key cannot change the account, call routes that need a step-up, or call routes below `/auth` except `/auth/introspect`. Sends a mail about the new key. Only admins can grant the scope `introspect`.',
  })
  @ApiCreated(CreatedApiKeyDto)
  @ApiProblems(KeyLimitReachedError)
  async createKey(@CurrentPrincipal() principal: Principal, @Body() body: CreateApiKeyDto): Promise<CreatedApiKeyDto> {
    const { session, key } = await this.keys.createKey(principal, body);
    return { ...ApiKeyDto.from(session), key };
  }

  @Get()
  @ApiOperation({
    summary: 'List the current user’s active API keys, by last use',
    description: 'The list has no pages, because the number of keys is limited.',
  })
  @ApiOkResponse({ type: ApiKeyListDto })
  async listKeys(@CurrentPrincipal() principal: Principal): Promise<ApiKeyListDto> {
    return { items: (await this.keys.listKeys(principal)).map(ApiKeyDto.from) };
  }

  @Delete(':id')
  @StepUp({ maxAge: '10m' })
  @HttpCode(204)
  @ApiOperation({
    summary: 'Revoke one of the current user’s API keys. Idempotent',
    description:
      'Takes effect before the response is sent. `DELETE /sessions/{id}` does the same without a step-up, for emergencies.',
  })
  @ApiNoContentResponse()
  @ApiProblems(KeyNotFoundError)
  revokeKey(@CurrentPrincipal() principal: Principal, @Param() { id }: IdParamDto): Promise<void> {
    return this.keys.revokeKey(principal, id);
  }
}
