// Preloaded into the application: takes one step of its hot path back. `WITHOUT` says which.
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
import { ExpressAdapter } from '@nestjs/platform-express';

const built = (/** @type {string} */ file) => import(new URL(`../../dist/src/${file}`, import.meta.url).href);

/** @type {Readonly<Record<string, () => Promise<unknown>>>} */
const STEPS = {
  flag: async () => {
    v8.setFlagsFromString = () => undefined;
    syncBuiltinESMExports();
  },
  prototypes: async () => {
    const { GatehouseAdapter } = await built('common/http/express.adapter.js');
    delete GatehouseAdapter.prototype.initHttpServer;
  },
  json: async () => {
    const { GatehouseAdapter } = await built('common/http/express.adapter.js');
    delete GatehouseAdapter.prototype.reply;
  },
  etag: async () => {
    const { GatehouseAdapter } = await built('common/http/express.adapter.js');
    GatehouseAdapter.prototype.reply = function (/** @type {any} */ response, /** @type {unknown[]} */ ...rest) {
      response.app.set('etag', 'weak');
      return Reflect.apply(ExpressAdapter.prototype.reply, this, [response, ...rest]);
    };
  },
  memo: async () => {
    const { VerifiedTokens } = await built('auth/verified-tokens.js');
    VerifiedTokens.prototype.find = () => undefined;
  },
  'key object': async () => {
    const { VerifiedTokens } = await built('auth/verified-tokens.js');
    VerifiedTokens.prototype.find = () => undefined;
    const { KeyRing } = await built('auth/signing-keys.js');
    KeyRing.prototype.forToken = () => process.env['JWT_SECRET'];
  },
  gathering: async () => {
    const { SessionLookup } = await built('sessions/session.lookup.js');
    /** @this {any} */
    SessionLookup.prototype.find = async function (/** @type {string} */ id) {
      const find = (/** @type {unknown} */ manager) => this.sessions.findForGuard(manager, [id]);
      const [session] = await this.database.run(find);
      return session ?? null;
    };
  },
};

await STEPS[process.env['WITHOUT'] ?? '']?.();
