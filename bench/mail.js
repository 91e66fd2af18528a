// Mails through a server that refuses every third one, and an application that is killed twice in between: how many
// arrive, how many come twice, and how long it takes.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { NestFactory } from '@nestjs/core';
import { SMTPServer } from 'smtp-server';
import { startApplication } from './support/application.js';
import { withDatabase } from './support/database.js';

const MAILS = 500;
/** The application is killed when so many have arrived. */
const KILLS = [150, 350];
const EVERY_THIRD = 3;

/** @param {AbortSignal} signal */
export async function bench(signal) {
  process.env['NODE_ENV'] = 'production';
  process.env['JWT_SECRET'] = randomBytes(48).toString('base64');
  await withDatabase(async () => {
    const server = await startMailServer();
    try {
      await post();
      signal.throwIfAborted();
      console.log(`${MAILS} mails are posted. Every third one is refused at first.`);
      await deliver(server, signal);
    } finally {
      server.close();
    }
  });
}

/** Posts them as a feature does, from an instance that does not listen, and so does not send. */
async function post() {
  const load = (/** @type {string} */ file) => import(new URL(`../dist/src/${file}.js`, import.meta.url).href);
  const [{ AppModule }, { Database }, { MailOutbox }] = await Promise.all(
    ['app.module', 'database/database', 'mail/mail-outbox'].map(load),
  );
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.init();
  const [database, outbox] = [app.get(Database), app.get(MailOutbox)];
  await database.transaction(async (/** @type {unknown} */ manager) => {
    for (let index = 0; index < MAILS; index += 1) {
      const contents = { name: 'Ada', token: randomBytes(32).toString('base64url') };
      await outbox.post(manager, { kind: 'reset_password', recipient: `person-${index}@example.com`, contents });
    }
  });
  await app.close();
}

/** @param {Awaited<ReturnType<typeof startMailServer>>} server @param {AbortSignal} signal */
async function deliver(server, signal) {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1_000).toFixed(1)} s`;
  const arrived = async (/** @type {number} */ count) => {
    while (server.arrived.size < count) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  for (const count of [...KILLS, MAILS]) {
    const application = await startApplication({ SMTP_URL: server.url });
    try {
      await arrived(count);
    } finally {
      await application.kill();
    }
    if (count < MAILS) console.log(`${seconds().padStart(8)}  ${server.arrived.size} have arrived; killed (-9)`);
  }
  const copies = [...server.arrived.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${seconds().padStart(8)}  ${server.arrived.size} of ${MAILS} have arrived`);
  console.log(`${String(copies - server.arrived.size).padStart(8)}  came twice`);
  console.log(`${String(server.attempts()).padStart(8)}  were handed over in all, refused ones included`);
}

async function startMailServer() {
  let attempts = 0;
  /** How often each Message-ID was taken. @type {Map<string, number>} */
  const arrived = new Map();
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData: (stream, _session, callback) => {
      text(stream).then((message) => {
        attempts += 1;
        if (attempts % EVERY_THIRD === 0) {
          callback(Object.assign(new Error('Try again later'), { responseCode: 451 }));
          return;
        }
        const id = /^Message-ID: (.+)$/im.exec(message)?.[1] ?? '';
        arrived.set(id, (arrived.get(id) ?? 0) + 1);
        callback();
      }, callback);
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.server.address());
  return {
    url: `smtp://127.0.0.1:${port}`,
    arrived,
    attempts: () => attempts,
    close: () => server.close(() => undefined),
  };
}
