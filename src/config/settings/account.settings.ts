import type { Environment, Values } from '../environment.js';
import { duration, integer } from '../parsers/number.parsers.js';
import { flag } from '../parsers/text.parsers.js';

export const accountVariables = (environment: Environment) => ({
  // Tests use lower costs to save time.
  BCRYPT_COST: integer(environment === 'test' ? 4 : 10, 16, 12),
  PASSWORD_RESET_TTL: duration('1m', '1d', '1h'),
  EMAIL_VERIFICATION_TTL: duration('1m', '30d', '1d'),
  INVITATION_TTL: duration('1h', '90d', '7d'),
  EMAIL_VERIFICATION_REQUIRED: flag(false),
});

export const accountSettings = (env: Values<typeof accountVariables>) => ({
  password: { bcryptCost: env.BCRYPT_COST },
  recovery: {
    passwordResetTtl: env.PASSWORD_RESET_TTL,
    emailVerificationTtl: env.EMAIL_VERIFICATION_TTL,
    invitationTtl: env.INVITATION_TTL,
    emailVerificationRequired: env.EMAIL_VERIFICATION_REQUIRED,
  },
});
