import { FactorsResetService } from '../auth/factors/factors-reset.service.js';
import { UsersService } from '../users/users.service.js';
import { withApp } from './with-app.js';

/** Removes all second factors of a user who lost them, and revokes all their sessions. */
export async function resetFactors(email: string): Promise<void> {
  await withApp(async (app) => {
    const user = await app.get(UsersService).getUserByEmail(email);
    const hadFactors = await app.get(FactorsResetService).resetFactors(user.id, null);
    console.log(
      hadFactors
        ? `Removed the second factors of ${user.email} and revoked their sessions.`
        : `${user.email} has no second factor.`,
    );
  });
}
