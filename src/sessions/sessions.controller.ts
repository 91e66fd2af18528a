import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Auth } from '../http/auth.decorator.js';
import type { Principal } from '../common/principal.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdParamDto } from '../http/id-param.dto.js';
import { RevokedDto, RevokeOwnSessionsDto } from './dto/revoke-own-sessions.dto.js';
import { SessionDto, SessionListDto } from './dto/session.dto.js';
import { UnknownSessionError } from './sessions.errors.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('sessions')
@Controller('sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @ApiOperation({ summary: 'List the current user’s active sessions, by last activity' })
  @ApiOkResponse({ type: SessionListDto })
  async list(@Auth() auth: Principal): Promise<SessionListDto> {
    return SessionListDto.from(await this.sessions.listSessions(auth), auth.sessionId);
  }

  @Get('current')
  @ApiOperation({ summary: 'Get the current session' })
  @ApiOkResponse({ type: SessionDto })
  @ApiProblems(UnknownSessionError)
  async current(@Auth() auth: Principal): Promise<SessionDto> {
    return SessionDto.from(await this.sessions.getCurrentSession(auth), auth.sessionId);
  }

  @Delete()
  @ApiOperation({ summary: 'Revoke the current user’s other sessions, or all of them' })
  @ApiOkResponse({ type: RevokedDto })
  async revokeMany(@Auth() auth: Principal, @Query() { scope }: RevokeOwnSessionsDto): Promise<RevokedDto> {
    return { revoked: await this.sessions.revokeSessions(auth, scope) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke one of the current user’s sessions. Idempotent' })
  @ApiNoContentResponse()
  @ApiProblems(UnknownSessionError)
  revoke(@Auth() auth: Principal, @Param() { id }: IdParamDto): Promise<void> {
    return this.sessions.revokeSession(auth, id);
  }
}
