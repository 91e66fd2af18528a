import { GatehouseAdapter } from './express.adapter.js';

const HELP = `The application was created without setUpApp(), so its bodies, streams and responses would not be protected. In tests, use

  const app = await TestApp.start(); // test/support/test-app.ts

or, with your own testing module,

  const app = moduleRef.createNestApplication<NestExpressApplication>(createAdapter());
  setUpApp(app, app.get<Config>(gatehouseConfig.KEY), pino({ level: 'silent' }));

In your own main.ts, as in src/server/serve.ts:

  const app = await NestFactory.create<NestExpressApplication>(AppModule, createAdapter());
  setUpApp(app, config, logger);

Both functions are in src/server/http-setup.ts.`;

/**
 * Runs the checks that `setUpApp` has registered, because Nest also creates applications without it.
 *
 * @throws Error if `setUpApp` was not called before the application initializes
 */
export function checkSetup(adapter: unknown): void {
  if (!(adapter instanceof GatehouseAdapter) || !adapter.checkSetup) throw new Error(HELP);
  adapter.checkSetup();
}
