import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../http/roles.decorator.js';
import { AuditService } from './audit.service.js';
import { AuditEventPageDto } from './dto/audit-event.dto.js';
import { ListAuditDto } from './dto/list-audit.dto.js';

@ApiTags('admin')
@Requires('audit:read')
@Controller('admin/audit')
export class AuditAdminController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @ApiOperation({
    summary: 'List audit events, newest first',
    description:
      'Lists the events of all accounts. An event is visible as soon as the response of its action is sent. Requires the permission `audit:read`.',
  })
  @ApiOkResponse({ type: AuditEventPageDto })
  async listAuditEvents(@Query() query: ListAuditDto): Promise<AuditEventPageDto> {
    return AuditEventPageDto.from(await this.audit.listEvents(query, query.toPageRequest()));
  }
}
