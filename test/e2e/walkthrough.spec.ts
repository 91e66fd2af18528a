import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { buildUser } from '../support/builders.js';
import { codeOf, forgetCodes } from '../support/factors.js';
import { MailServer } from '../support/mail-server.js';
import { readFences } from '../support/markdown.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const [, SECTION = ''] = /^## Walkthrough\n(.*?)^## /ms.exec(readFileSync('docs/api.md', 'utf8')) ?? [];

/** Replaces the builtin: asks the test for the value of a variable. */
const READ = `read() { printf -v "\${@: -1}" %s "$(curl -s "$READER/\${@: -1}?secret=$SECRET")"; }`;

describe('the walkthrough in docs/api.md', () => {
  let app: TestApp;
  let mails: MailServer;
  beforeAll(async () => {
    mails = await MailServer.start();
    app = await TestApp.start({ env: { SMTP_URL: mails.url } });
  });
  afterAll(async () => {
    await app.close();
    await mails.close();
  });

  it('works from the first command to the last', async () => {
    const admin = await buildUser(app, { role: 'admin' });
    /** What the reader enters. */
    const inputs: Record<string, (secret: string) => Promise<string>> = {
      CODE: async (secret) => {
        // Otherwise the next code works only after 30 seconds.
        await forgetCodes(app, admin);
        return codeOf(secret);
      },
      TOKEN: async () => {
        const isToNewEmail = ({ recipient }: { recipient: string }) => recipient === `new-${admin.email}`;
        await until('the mail arrives', () => mails.mails.some(isToNewEmail));
        return mails.mails.find(isToNewEmail)?.token ?? '';
      },
    };
    const reader = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
      const input = inputs[pathname.slice(1)];
      void input?.(searchParams.get('secret') ?? '').then((value) => response.end(value));
    }).listen(0, '127.0.0.1');
    await once(reader, 'listening');

    const { stdout, code } = await bash(
      `${READ}\n${readFences(SECTION, 'sh').join('\n')}`
        .replace(/^BASE=.*$/m, `BASE=${app.url}`)
        .replace(/^EMAIL=.*$/m, `EMAIL=${admin.email} PASSWORD='${admin.password}'`),
      { READER: `http://127.0.0.1:${(reader.address() as AddressInfo).port}` },
    );
    reader.close();

    const email = `new-${admin.email}`;
    const lines = stdout.trim().split('\n');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^Enter this key in the app: [A-Z2-7]+$/);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ recoveryCodes: expect.any(Array) });
    expect(lines.slice(2, 4)).toEqual([email, email]);
    expect(JSON.parse(lines[4] ?? '')).toMatchObject({ active: true, sub: admin.id });
    expect(lines.slice(5)).toEqual(['{"active":false}']);
  });
});

/** Runs a script that stops at the first error. */
async function bash(script: string, env: Readonly<Record<string, string>>) {
  const child = spawn('bash', ['-eo', 'pipefail', '-c', script], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number]>]);
  return { stdout, code };
}
