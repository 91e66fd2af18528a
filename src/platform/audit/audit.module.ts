import { Module } from '@nestjs/common';
import { Refusals } from '../../common/rejected-requests.js';
import { ActivityController } from './activity.controller.js';
import { AuditLog } from './audit.recorder.js';
import { AuditPruner } from './audit-pruner.js';
import { AuditTrail } from './audit.service.js';
import { AuditAdminController } from './audit.admin.controller.js';
import { AuditRepository } from './audit.repository.js';
import { RefusalRecorder } from './rejection.recorder.js';

@Module({
  controllers: [ActivityController, AuditAdminController],
  providers: [
    AuditLog,
    AuditPruner,
    AuditRepository,
    AuditTrail,
    RefusalRecorder,
    { provide: Refusals, useExisting: RefusalRecorder },
  ],
  exports: [AuditLog, AuditPruner, Refusals],
})
export class AuditModule {}
