import type { Config } from '../../config/env.js';
import { secretWeakness } from '../../config/secret-strength.js';
import { configurationWarnings } from '../../config/warnings.js';
import { ok, orOk, warning, type Finding } from './finding.js';

/** Reports valid settings that may be mistakes. */
export function checkSettings(config: Config): readonly Finding[] {
  const warnings = configurationWarnings(config).map((message) => warning('configuration', message));
  return [
    ...orOk(warnings, 'configuration', `Valid, for ${config.environment}`),
    checkSecret(config),
    checkProxy(config),
  ];
}

function checkSecret({ accessToken }: Config): Finding {
  const weakness = secretWeakness(accessToken.secret);
  // Production does not start with a weak secret.
  return weakness === null
    ? ok('secret', 'JWT_SECRET is strong enough')
    : warning('secret', `Production would not accept JWT_SECRET: it ${weakness}`);
}

/** Expects a trusted proxy in production, because the application serves plain HTTP and needs a proxy for TLS. */
function checkProxy({ environment, http }: Config): Finding {
  return environment === 'production' && http.trustProxy === false
    ? warning(
        'proxy',
        'TRUST_PROXY is not set. Behind a proxy, all clients share its IP address and its rate limits. Set it to the ' +
          'number of proxies or to their IP addresses.',
      )
    : ok('proxy', `TRUST_PROXY=${String(http.trustProxy)}`);
}
