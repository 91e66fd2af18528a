import { defineAuditType } from '../../platform/audit/audit-event.js';

/** A user got another invitation, or an imported user the first one. */
export const INVITATION_SENT = defineAuditType('invitation_sent');

/** An invited user chose a password. */
export const INVITATION_ACCEPTED = defineAuditType('invitation_accepted');
