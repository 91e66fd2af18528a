import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import type { Principal } from '../../common/principal.js';
import { AuditService } from './audit.service.js';
import { ActivityPageDto } from './dto/activity.dto.js';
import { ListActivityDto } from './dto/list-activity.dto.js';

@ApiTags('users')
@Controller('users/me/activity')
export class ActivityController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @ApiOperation({
    summary: 'List the audit events of the current user’s account, newest first',
    description:
      'Includes sign-ins, changes and what admins did, but not where an admin acted from. An event is visible as soon as the response of its action is sent.',
  })
  @ApiOkResponse({ type: ActivityPageDto })
  async listActivity(
    @CurrentPrincipal() { userId }: Principal,
    @Query() query: ListActivityDto,
  ): Promise<ActivityPageDto> {
    return ActivityPageDto.from(await this.audit.listEvents({ ...query, userId }, query.toPageRequest()));
  }
}
