import { Controller, Get, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { GatehouseAdapter } from '../http/express.adapter.js';
import { RETRY_AFTER } from '../http/problem.js';
import { Public } from '../http/public.decorator.js';
import { DatabaseHealthDto, LivenessDto, ReadinessDto } from './dto/health.dto.js';
import { HealthService } from './health.service.js';

@Public({ evenIfBusy: true })
@ApiTags('health')
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly host: HttpAdapterHost<GatehouseAdapter>,
  ) {}

  @Get('live')
  @ApiOperation({
    summary: 'Liveness. Does not check the database',
    description: 'For liveness and startup probes. An outage of the database must not restart the process.',
  })
  @ApiOkResponse({ type: LivenessDto })
  getLiveness(): LivenessDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({
    summary: 'Readiness',
    description: 'The database can serve requests, all migrations have run, and no shutdown has begun.',
  })
  @ApiOkResponse({ type: ReadinessDto })
  @ApiServiceUnavailableResponse({ type: ReadinessDto })
  async getReadiness(@Res({ passthrough: true }) response: Response): Promise<ReadinessDto> {
    const readiness = await this.health.readiness();
    const status = this.host.httpAdapter.isStopping ? 'shutting_down' : readiness.status;
    return withStatus<ReadinessDto>(response, { ...readiness, status });
  }

  @Get('db')
  @ApiOperation({ summary: 'The database and its round trip', description: 'For monitoring. Measures one statement.' })
  @ApiOkResponse({ type: DatabaseHealthDto })
  @ApiServiceUnavailableResponse({ type: DatabaseHealthDto })
  async getDatabaseHealth(@Res({ passthrough: true }) response: Response): Promise<DatabaseHealthDto> {
    return withStatus(response, await this.health.databaseHealth());
  }
}

/** Returns 503 with the same body if the status is not `ok`. */
function withStatus<T extends { readonly status: string }>(response: Response, health: T): T {
  if (health.status !== 'ok') response.status(503).setHeader('Retry-After', RETRY_AFTER);
  return health;
}
