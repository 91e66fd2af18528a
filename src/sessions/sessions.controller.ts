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
  @ApiOperation({ summary: 'List my active sessions, most recently seen first' })
  @ApiOkResponse({ type: SessionListDto })
  async list(@Auth() auth: Principal): Promise<SessionListDto> {
    return SessionListDto.from(await this.sessions.list(auth), auth.sessionId);
  }

  @Get('current')
  @ApiOperation({ summary: 'Show the session of this request' })
  @ApiOkResponse({ type: SessionDto })
  @ApiProblems(UnknownSessionError)
  async current(@Auth() auth: Principal): Promise<SessionDto> {
    return SessionDto.from(await this.sessions.current(auth), auth.sessionId);
  }

  @Delete()
  @ApiOperation({ summary: 'End my other sessions, or all of them' })
  @ApiOkResponse({ type: RevokedDto })
  async revokeMany(@Auth() auth: Principal, @Query() { scope }: RevokeOwnSessionsDto): Promise<RevokedDto> {
    return { revoked: await this.sessions.revokeMany(auth, scope) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'End one of my sessions; ending it twice is no error' })
  @ApiNoContentResponse()
  @ApiProblems(UnknownSessionError)
  revoke(@Auth() auth: Principal, @Param() { id }: IdParamDto): Promise<void> {
    return this.sessions.revoke(auth, id);
  }
}
