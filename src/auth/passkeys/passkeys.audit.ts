import { defineAuditType } from '../../platform/audit/audit-event.js';

/** The counter of a passkey did not grow, so its authenticator may have been copied. */
export const PASSKEY_COPIED = defineAuditType('passkey_copied');
