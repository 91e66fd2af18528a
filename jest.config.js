/** Whether this run includes `*.long.spec.ts` and takes the long number of rounds: `npm run test:long`. */
const isLong = process.env['TEST_LONG'] === '1';

/** @type {import('jest').Config} */
export default {
  // Nest's own name for end-to-end tests is `app.e2e-spec.ts`.
  testMatch: ['<rootDir>/{src,test}/**/*{.,-}spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(isLong ? [] : ['\\.long\\.spec\\.ts$'])],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  runtime: '<rootDir>/test/runner/runtime.js',
  testEnvironment: '<rootDir>/test/runner/environment.js',
  transform: {},
  globalSetup: '<rootDir>/test/runner/global-setup.js',
  globalTeardown: '<rootDir>/test/runner/global-teardown.js',
  // Long, because the machine may be busy. Tests of timeouts check their own limits.
  testTimeout: 300_000,
  // Many tests wait for a timeout or another process, so three workers keep two cores busy.
  maxWorkers: 3,
  // Restarts a worker whose modules fill the memory. Also keeps Jest from running a single test file in its own process.
  workerIdleMemoryLimit: '1GB',
};
