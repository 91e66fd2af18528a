import { defineAuditType } from '../../platform/audit/audit-event.js';

/** A user created an API key. Its revocation is a `session_revoked`. */
export const KEY_CREATED = defineAuditType('key_created');
