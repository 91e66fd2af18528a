import { Module } from '@nestjs/common';
import { Refusals } from '../common/refusals.js';
import { AuditLog } from './audit-log.js';
import { AuditRepository } from './audit.repository.js';
import { RefusalRecorder } from './refusal.recorder.js';

@Module({
  providers: [AuditLog, AuditRepository, RefusalRecorder, { provide: Refusals, useExisting: RefusalRecorder }],
  exports: [AuditLog, Refusals],
})
export class AuditModule {}
