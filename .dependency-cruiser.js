// Which file may import which. An arrow runs down, never up, never in a circle:
//   main, cli > app > upkeep > auth > recovery > sessions > one-time-tokens > users, health
//     > rate-limits, mail, audit > database, passwords > config, common
const FEATURES = 'auth|recovery|sessions|one-time-tokens|users|health';
const LOW_FLOORS = 'rate-limits|mail|audit|passwords|database';

/** The edge, which may know of HTTP. All other files are rules and data: nothing in them may. */
const EDGE = [
  '(?:^|/)src/[^/]+\\.ts$',
  '(?:^|/)src/(cli|common/http|common/logging)/',
  '(?:^|/)src/.+/dto/',
  '(?:^|/)src/.+\\.(controller|dto|guard|filter|interceptor|decorator|strategy|spec)\\.ts$',
  '(?:^|/)src/users/user-fields\\.ts$',
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files that need each other are one thing, or a third is missing.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Nobody imports it and it imports nobody: it does nothing.',
      severity: 'error',
      from: { orphan: true, path: '(?:^|/)src/' },
      to: {},
    },
    {
      name: 'not-to-test',
      comment: 'What ships knows nothing of its tests.',
      severity: 'error',
      from: { path: '(?:^|/)(?:src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '(?:^|/)test/|\\.spec\\.ts$' },
    },
    {
      name: 'nothing-knows-the-top',
      comment: 'Upkeep and the commands know the features. A feature knows neither when nor by whom it is used.',
      severity: 'error',
      from: { path: `(?:^|/)src/(${FEATURES}|${LOW_FLOORS}|common|config)/` },
      to: { path: '(?:^|/)src/(upkeep|cli)/' },
    },
    {
      name: 'users-know-no-sessions',
      severity: 'error',
      from: { path: '(?:^|/)src/users/' },
      to: { path: '(?:^|/)src/(one-time-tokens|sessions|recovery|auth|health)/' },
    },
    {
      name: 'one-time-tokens-know-no-use',
      severity: 'error',
      from: { path: '(?:^|/)src/one-time-tokens/' },
      to: { path: '(?:^|/)src/(sessions|recovery|auth|health)/' },
    },
    {
      name: 'recovery-knows-no-auth',
      severity: 'error',
      from: { path: '(?:^|/)src/recovery/' },
      to: { path: '(?:^|/)src/(auth|health)/' },
    },
    {
      name: 'sessions-know-no-auth',
      severity: 'error',
      from: { path: '(?:^|/)src/sessions/' },
      to: { path: '(?:^|/)src/(recovery|auth|health)/' },
    },
    {
      name: 'health-knows-no-feature',
      severity: 'error',
      from: { path: '(?:^|/)src/health/' },
      to: { path: '(?:^|/)src/(users|one-time-tokens|sessions|recovery|auth)/' },
    },
    {
      name: 'low-floors-know-no-feature',
      severity: 'error',
      from: { path: `(?:^|/)src/(common|config|${LOW_FLOORS})/` },
      to: { path: `(?:^|/)src/(${FEATURES})/|(?:^|/)src/[^/]+\\.ts$` },
    },
    {
      name: 'ground-floor-knows-no-other',
      severity: 'error',
      from: { path: '(?:^|/)src/(common|config)/', pathNot: '(?:^|/)src/common/logging/' },
      to: { path: `(?:^|/)src/(${LOW_FLOORS})/` },
    },
    {
      name: 'features-keep-their-insides',
      comment:
        'Across features only what a feature offers: its module, services, entities, guards, errors. ' +
        'Repositories, controllers and the dto folder are its own.',
      severity: 'error',
      from: { path: `(?:^|/)src/(upkeep|${FEATURES}|${LOW_FLOORS})/` },
      to: {
        path: `(?:^|/)src/(upkeep|${FEATURES}|${LOW_FLOORS})/(.+\\.(repository|controller)\\.ts$|dto/)`,
        pathNot: '(?:^|/)src/$1/',
      },
    },
    {
      name: 'typeorm-only-where-sql-is',
      comment: 'Services take the type of the manager from src/database.',
      severity: 'error',
      from: { path: '(?:^|/)src/', pathNot: '(?:^|/)src/(database/|.+\\.(entity|repository)\\.ts$)' },
      to: { path: '(^|/)node_modules/(typeorm|pg)/' },
    },
    {
      name: 'no-other-process',
      comment: 'No command can be injected where none is run, and no text becomes code (ASVS 1.2.5, 1.3.2).',
      severity: 'error',
      from: { path: '(?:^|/)src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(node:)?(child_process|vm|repl|inspector)(/|$)' },
    },
    {
      name: 'no-http-below-the-edge',
      comment: 'If NestJS disappeared tomorrow, services and repositories would still make sense.',
      severity: 'error',
      from: { path: '(?:^|/)src/', pathNot: EDGE },
      to: { path: '(^|/)node_modules/(express|@nestjs/swagger|@nestjs/platform-express)/|(?:^|/)src/common/http/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
