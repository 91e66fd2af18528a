import { defineAuditType } from '../../platform/audit/audit-event.js';

export const FACTOR_ADDED = defineAuditType('factor_added');
export const FACTOR_RENAMED = defineAuditType('factor_renamed');
export const FACTOR_REMOVED = defineAuditType('factor_removed');
export const RECOVERY_CODES_REPLACED = defineAuditType('recovery_codes_replaced');
/** A recovery code was used instead of a second factor. */
export const RECOVERY_CODE_USED = defineAuditType('recovery_code_used');
/** An admin, a command, a not-me link or a password reset removed second factors. */
export const FACTORS_RESET = defineAuditType('factors_reset');
/** The password was correct, and the second factor is still missing. */
export const SECOND_FACTOR_REQUESTED = defineAuditType('second_factor_requested');
