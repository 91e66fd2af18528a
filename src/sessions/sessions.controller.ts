import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../http/current-principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { OpenToUnenrolled } from '../http/access.decorators.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdParamDto } from '../http/id-param.dto.js';
import { ListOwnSessionsDto } from './dto/list-sessions.dto.js';
import { RevokedDto, RevokeOwnSessionsDto } from './dto/revoke-own-sessions.dto.js';
import { SessionDto, SessionListDto } from './dto/session.dto.js';
import { UnknownSessionError } from './sessions.errors.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('sessions')
@Controller('sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @ApiOperation({
    summary: 'List the current user’s active sessions, by last activity',
    description: 'Includes API keys. The list has no pages, because the number of sessions is limited.',
  })
  @ApiOkResponse({ type: SessionListDto })
  async listSessions(
    @CurrentPrincipal() principal: Principal,
    @Query() { kind }: ListOwnSessionsDto,
  ): Promise<SessionListDto> {
    return SessionListDto.from(await this.sessions.listSessions(principal, kind), principal.sessionId);
  }

  @Get('current')
  @ApiOperation({ summary: 'Get the current session', description: 'Returns the session of the access token.' })
  @ApiOkResponse({ type: SessionDto })
  @ApiProblems(UnknownSessionError)
  async getCurrentSession(@CurrentPrincipal() principal: Principal): Promise<SessionDto> {
    return SessionDto.from(await this.sessions.getCurrentSession(principal), principal.sessionId);
  }

  @Delete('current')
  @OpenToUnenrolled()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Revoke the current session: sign out',
    description: 'Does the same as `POST /auth/logout`. An API key revokes itself.',
  })
  @ApiNoContentResponse()
  revokeCurrentSession(@CurrentPrincipal() principal: Principal): Promise<void> {
    return this.sessions.signOut(principal);
  }

  @Delete()
  @ApiOperation({
    summary: 'Revoke the current user’s other sessions, or all of them',
    description:
      'Takes effect before the response is sent. `scope=others` keeps the current session. API keys are kept.',
  })
  @ApiOkResponse({ type: RevokedDto })
  async revokeSessions(
    @CurrentPrincipal() principal: Principal,
    @Query() { scope }: RevokeOwnSessionsDto,
  ): Promise<RevokedDto> {
    return { revoked: await this.sessions.revokeSessions(principal, scope) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Revoke one of the current user’s sessions. Idempotent',
    description:
      'Takes effect before the response is sent. Revoking a session again has no effect. Also revokes API keys, with the reason `key_revoked`. Sessions of other users are unknown.',
  })
  @ApiNoContentResponse()
  @ApiProblems(UnknownSessionError)
  revokeSession(@CurrentPrincipal() principal: Principal, @Param() { id }: IdParamDto): Promise<void> {
    return this.sessions.revokeSession(principal, id);
  }
}
