// Which file may import which.

/** The folders of `src`, from the top floor to the ground. An arrow runs down; those of one floor do not know each other. */
export const FLOORS = [
  'cli',
  'upkeep',
  'auth',
  'recovery',
  'sessions',
  'one-time-tokens',
  'users|health',
  'rate-limits|mail|audit',
  'database|passwords',
  'common',
  'config',
];
/** Those that keep their insides to themselves. A command may reach for any. */
const KEEPERS = FLOORS.slice(1).join('|');

/** The edge, which may know of HTTP. All other files are rules and data: nothing in them may. */
const EDGE = [
  '(?:^|/)src/[^/]+\\.ts$',
  '(?:^|/)src/(cli|common/http|common/logging)/',
  '(?:^|/)src/.+/dto/',
  '(?:^|/)src/.+\\.(controller|dto|guard|filter|interceptor|decorator|strategy|spec)\\.ts$',
  '(?:^|/)src/users/user-fields\\.ts$',
];

const floorRules = FLOORS.slice(1).map((floor, index) => ({
  name: `${floor.replaceAll('|', '-and-')}-imports-down`,
  comment: 'A floor knows neither who uses it nor when. What is put together from all floors stands in src itself.',
  severity: /** @type {const} */ ('error'),
  from: { path: `(?:^|/)src/(${floor})/` },
  to: {
    path: `(?:^|/)src/(?:(?:${FLOORS.slice(0, index + 2).join('|')})/|[^/]+\\.ts$)`,
    pathNot: '(?:^|/)src/$1/',
  },
}));

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
    ...floorRules,
    {
      name: 'features-keep-their-insides',
      comment:
        'Across features only what a feature offers: its module, services, entities, guards, errors. ' +
        'Repositories, controllers and the dto folder are its own.',
      severity: 'error',
      from: { path: `(?:^|/)src/(${KEEPERS})/` },
      to: {
        path: `(?:^|/)src/(${KEEPERS})/(.+\\.(repository|controller)\\.ts$|dto/)`,
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
      name: 'workers-in-one-place',
      comment: 'Whoever else starts processes starts more than the instance may have.',
      severity: 'error',
      from: { path: '(?:^|/)src/', pathNot: '(?:^|/)src/(main|cluster)\\.ts$' },
      to: { path: '^(node:)?cluster$' },
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
