import { defineAuditType } from '../../platform/audit/audit-event.js';

/** A signed-in user asked for another email. */
export const EMAIL_CHANGE_REQUESTED = defineAuditType('email_change_requested');

/** An account got the email that a mailed link confirms. */
export const EMAIL_CHANGED = defineAuditType('email_changed');
