import { AuditEvent } from './platform/audit/audit-event.entity.js';
import { MailRow } from './platform/mail/mail.entity.js';
import { OneTimeToken } from './auth/one-time-tokens/one-time-token.entity.js';
import { RateLimitRow } from './platform/rate-limits/rate-limit.entity.js';
import { Session } from './sessions/session.entity.js';
import { ScheduleEntry } from './platform/upkeep/schedule.entity.js';
import { User } from './users/user.entity.js';

/** Every entity of the application: its `DataSource` and the migration command line read the same list. */
export const entities = [AuditEvent, MailRow, OneTimeToken, RateLimitRow, ScheduleEntry, Session, User];
