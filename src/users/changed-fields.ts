import type { AuditDetails } from '../platform/audit/audit-event.js';
import type { User } from './user.entity.js';

/** Returns the audit details of an update, or `null` if nothing changed. Omits personal data: names and emails. */
export function changedFields(before: User, after: User): AuditDetails | null {
  const details: AuditDetails = {
    ...(before.role !== after.role && { role: { from: before.role, to: after.role } }),
    ...(before.isActive !== after.isActive && { isActive: { from: before.isActive, to: after.isActive } }),
    ...(before.name !== after.name && { name: 'changed' }),
    ...(before.email !== after.email && { email: 'changed' }),
  };
  return Object.keys(details).length > 0 ? details : null;
}
