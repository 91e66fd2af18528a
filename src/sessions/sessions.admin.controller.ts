import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../http/current-principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdParamDto } from '../http/id-param.dto.js';
import { Roles } from '../http/roles.decorator.js';
import { AdminSessionDto, AdminSessionPageDto } from './dto/admin-session.dto.js';
import { ExpireSessionDto } from './dto/expire-session.dto.js';
import { ListSessionsDto } from './dto/list-sessions.dto.js';
import { BulkRevokedDto, RevokeSessionsDto } from './dto/revoke-sessions.dto.js';
import { SessionsAdminService } from './sessions.admin.service.js';
import { UnknownSessionError } from './sessions.errors.js';

@ApiTags('admin')
@Roles('admin')
@Controller('admin/sessions')
export class SessionsAdminController {
  constructor(private readonly sessions: SessionsAdminService) {}

  @Get()
  @ApiOperation({
    summary: 'List sessions, newest first',
    description: 'Lists the sessions of all users, including revoked and expired ones. Filters are combined with AND.',
  })
  @ApiOkResponse({ type: AdminSessionPageDto })
  async listAllSessions(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ListSessionsDto,
  ): Promise<AdminSessionPageDto> {
    return AdminSessionPageDto.from(
      await this.sessions.listSessions(query, query.toPageRequest()),
      principal.sessionId,
    );
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Revoke a session',
    description: 'Takes effect before the response is sent. Revoking a session again has no effect.',
  })
  @ApiNoContentResponse()
  @ApiProblems(UnknownSessionError)
  revokeAnySession(@CurrentPrincipal() principal: Principal, @Param() { id }: IdParamDto): Promise<void> {
    return this.sessions.revokeSession(principal, id);
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Make a session expire earlier',
    description:
      '`expiresAt` must not be later than the current value. A time in the past ends the session immediately.',
  })
  @ApiOkResponse({ type: AdminSessionDto })
  @ApiProblems(UnknownSessionError)
  async expireSession(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: IdParamDto,
    @Body() body: ExpireSessionDto,
  ): Promise<AdminSessionDto> {
    return AdminSessionDto.from(await this.sessions.expireSession(principal, id, body.expiresAt), principal.sessionId);
  }

  @Post('revoke')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Revoke all active sessions that match every given filter',
    description:
      'Needs at least one filter. `dryRun` only counts the sessions. Takes effect before the response is sent.',
  })
  @ApiOkResponse({ type: BulkRevokedDto })
  revokeMatchingSessions(
    @CurrentPrincipal() principal: Principal,
    @Body() { dryRun, ...filter }: RevokeSessionsDto,
  ): Promise<BulkRevokedDto> {
    return this.sessions.revokeMatchingSessions(principal, filter, dryRun);
  }
}
