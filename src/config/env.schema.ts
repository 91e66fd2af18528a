import { z } from 'zod';
import { REQUIRED_IN_PRODUCTION, type Environment } from './environment.js';
import { accountSettings, accountVariables } from './settings/account.settings.js';
import { databaseSettings, databaseVariables } from './settings/database.settings.js';
import { factorSettings, factorVariables } from './settings/factor.settings.js';
import { httpSettings, httpVariables, maxConnectionsOf } from './settings/http.settings.js';
import { mailSettings, mailVariables } from './settings/mail.settings.js';
import { arePasskeysConsistent, passkeySettings, passkeyVariables } from './settings/passkey.settings.js';
import { processSettings, processVariables } from './settings/process.settings.js';
import { rateLimitSettings, rateLimitVariables } from './settings/rate-limit.settings.js';
import { sessionSettings, sessionVariables } from './settings/session.settings.js';
import { tokenSettings, tokenVariables } from './settings/token.settings.js';
import { upkeepSettings, upkeepVariables } from './settings/upkeep.settings.js';
import type { Worker } from './share.js';

/** Returns the schema of all environment variables. Production requires more of them, and rejects weak secrets. */
export function environmentSchema(environment: Environment) {
  return z
    .object({
      ...processVariables(),
      ...httpVariables(environment),
      ...databaseVariables(environment),
      ...tokenVariables(environment),
      ...sessionVariables(),
      ...accountVariables(environment),
      ...factorVariables(environment),
      ...passkeyVariables(),
      ...rateLimitVariables(),
      ...mailVariables(),
      ...upkeepVariables(),
    })
    .refine(({ PORT, WORKERS }) => PORT > 0 || WORKERS === 1, {
      path: ['PORT'],
      error: 'must not be 0 with several WORKERS, because each would get a different port',
      when: areValid('PORT', 'WORKERS'),
    })
    .refine(
      ({ SMTP_URL, PUBLIC_URL }) => environment !== 'production' || SMTP_URL === undefined || PUBLIC_URL !== undefined,
      {
        path: ['PUBLIC_URL'],
        error: `${REQUIRED_IN_PRODUCTION} with SMTP_URL, because the links in mails would lead to localhost`,
        // Also with an invalid SMTP_URL.
        when: areValid('PUBLIC_URL'),
      },
    )
    .refine(({ PORT, METRICS_PORT }) => PORT === 0 || PORT !== METRICS_PORT, {
      path: ['METRICS_PORT'],
      error: 'must differ from PORT, because the metrics are not public',
      when: areValid('PORT', 'METRICS_PORT'),
    })
    .refine((env) => (env.MAX_CONNECTIONS_PER_CLIENT ?? 0) <= maxConnectionsOf(env), {
      path: ['MAX_CONNECTIONS_PER_CLIENT'],
      error: 'must not exceed MAX_CONNECTIONS, which is MAX_STREAMS plus 10000 by default',
      when: areValid('MAX_CONNECTIONS_PER_CLIENT', 'MAX_CONNECTIONS', 'MAX_STREAMS'),
    })
    .refine(arePasskeysConsistent, {
      path: ['WEBAUTHN_RP_ID'],
      error:
        'must be the domain of every origin in WEBAUTHN_ORIGINS (by default that of PUBLIC_URL), or a parent of it',
      when: areValid('WEBAUTHN_RP_ID', 'WEBAUTHN_ORIGINS', 'PUBLIC_URL', 'PORT'),
    });
}

/** Returns the settings of a process. Null stands for one that is not among several. */
export const settingsOf = (env: z.output<ReturnType<typeof environmentSchema>>, worker: Worker | null) => ({
  ...processSettings(env, worker),
  ...httpSettings(env, worker),
  ...databaseSettings(env, worker),
  ...tokenSettings(env),
  ...sessionSettings(env, worker),
  ...accountSettings(env),
  ...factorSettings(env),
  ...passkeySettings(env),
  ...rateLimitSettings(env),
  ...mailSettings(env),
  ...upkeepSettings(env),
});

/** Checks a rule although unrelated variables are invalid, so that one message lists all problems. */
const areValid =
  (...names: readonly string[]) =>
  ({ issues }: z.core.ParsePayload) =>
    !issues.some(({ path }) => names.includes(String(path?.[0])));
