import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const EXECUTABLE = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Widths of a computer and of a phone, in CSS pixels. */
export const WIDTHS = [1280, 375] as const;

/** Chromium reports every response of 400 and above in the console. */
const REJECTED_REQUEST = /the server responded with a status of [45]\d\d/;

/** Runs Debian's Chromium without a window. */
export class TestBrowser {
  static readonly isInstalled = EXECUTABLE !== undefined;
  private readonly problems: string[] = [];

  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<TestBrowser> {
    // Chromium's own sandbox does not run as root.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    return new TestBrowser(await chromium.launch({ ...(EXECUTABLE && { executablePath: EXECUTABLE }), args }));
  }

  /** Opens a page with storage of its own. */
  async open(url: string, width: number = WIDTHS[0]): Promise<Page> {
    const context: BrowserContext = await this.browser.newContext({ viewport: { width, height: 900 } });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    page.on('pageerror', ({ message }) => this.problems.push(message));
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' && !REJECTED_REQUEST.test(text)) this.problems.push(text);
    });
    await page.goto(url);
    return page;
  }

  /** Throws if a page reported a script error or a violation of the Content Security Policy. */
  assertNoProblems(): void {
    const problems = this.problems.splice(0);
    if (problems.length > 0) throw new Error(`The console reported: ${problems.join('; ')}`);
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}

/** Gives a page a passkey authenticator whose user always agrees. */
export async function addAuthenticator(page: Page): Promise<void> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('WebAuthn.enable');
  await devTools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

/** Returns the accessibility rules that a page violates, with the elements. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`,
  );
}

/** Returns how much wider than the window a page is. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
