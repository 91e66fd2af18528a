import { defineAuditType } from '../../platform/audit/audit-event.js';

/** A signed-in user authenticated again. */
export const STEP_UP = defineAuditType('step_up');
