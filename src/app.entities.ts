import { Session } from './sessions/session.entity.js';
import { User } from './users/user.entity.js';

/** Every entity of the application: its `DataSource` and the migration command line read the same list. */
export const entities = [User, Session];
