import { Module } from '@nestjs/common';
import { Refusals } from '../common/refusals.js';
import { ActivityController } from './activity.controller.js';
import { AuditLog } from './audit-log.js';
import { AuditPruner } from './audit-pruner.js';
import { AuditTrail } from './audit-trail.js';
import { AuditAdminController } from './audit.admin.controller.js';
import { AuditRepository } from './audit.repository.js';
import { RefusalRecorder } from './refusal.recorder.js';

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
