import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { CreateUserDto } from '../users/dto/create-user.dto.js';
import { UsersService } from '../users/users.service.js';
import { validate } from './validate.js';
import { withApp } from './with-app.js';

export interface AdminOptions {
  readonly email: string;
  readonly name?: string;
  readonly passwordStdin?: boolean;
  readonly ifNone?: boolean;
}

/** Creates an admin with the password from standard input, or with a random one that it prints. */
export async function createAdmin({ email, name, passwordStdin, ifNone }: AdminOptions): Promise<void> {
  const given = passwordStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : undefined;
  const password = given ?? randomBytes(18).toString('base64url');
  const user = await validate(CreateUserDto, { email, password, name });
  await withApp(async (app) => {
    const users = app.get(UsersService);
    if (ifNone && (await users.hasActiveAdmin())) {
      console.log('An active admin already exists.');
      return;
    }
    const admin = await users.createUser({ ...user, role: 'admin', isEmailVerified: true }, null);
    console.log(`Created admin ${admin.email}`);
    if (given === undefined) console.log(`Password: ${password}`);
  });
}
