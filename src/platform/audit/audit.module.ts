import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RejectionAudit } from '../../common/rejection-audit.js';
import { ActivityController } from './activity.controller.js';
import { AuditEvent } from './audit-event.entity.js';
import { AuditRecorder } from './audit.recorder.js';
import { AuditPruner } from './audit-pruner.js';
import { AuditService } from './audit.service.js';
import { AuditAdminController } from './audit.admin.controller.js';
import { RejectionRecorder } from './rejection.recorder.js';

@Module({
  imports: [TypeOrmModule.forFeature([AuditEvent])],
  controllers: [ActivityController, AuditAdminController],
  providers: [
    AuditRecorder,
    AuditPruner,
    AuditService,
    RejectionRecorder,
    { provide: RejectionAudit, useExisting: RejectionRecorder },
  ],
  exports: [AuditRecorder, RejectionAudit],
})
export class AuditModule {}
