// Imports go down only: from the top of this list to the bottom. Parts of one layer do not import each other,
// except features.
const ABOVE_FEATURES = ['main\\.|cli/', 'server/', 'app\\.'];
const BELOW_FEATURES = ['sessions/', 'users/|health/', 'platform/', 'http/', 'common/|config/'];
/** `auth` and every folder of `src` that has no name here. A new module needs no entry. */
const FEATURE = `(?!${[...ABOVE_FEATURES, ...BELOW_FEATURES].join('|')})[^/]+`;
const LAYERS = [...ABOVE_FEATURES, FEATURE, ...BELOW_FEATURES];

/** Files that may depend on HTTP. */
const HTTP = [
  '^src/(?:main\\.|cli/|server/|app\\.|http/|platform/logging/)',
  '/dto/',
  '\\.(?:controller|dto|guard|pipe|filter|gateway|interceptor|middleware|decorator|strategy)\\.ts$',
];
/** Gatehouse's own code. Style rules do not apply to the modules of teams. */
const OWN = '^src/(?:auth|sessions|users|health|platform|http|server|cli)/';
const SPEC = '[.-]spec\\.ts$';

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
const forbidden = [
  {
    name: 'no-cycles',
    comment: 'Files that import each other cannot be understood or tested separately. Move the shared part down.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no-folder-cycles',
    comment: 'Folders that import each other have no order in which to read them. Move the shared part down.',
    scope: 'folder',
    from: { path: '^src/auth/' },
    to: { circular: true },
  },
  {
    name: 'no-orphans',
    comment: 'No file imports this one, and it imports nothing. Delete it.',
    from: { path: '^src/', orphan: true },
    to: {},
  },
  {
    name: 'no-test-code',
    comment: 'The product must run without its tests.',
    from: { path: '^(?:src|migrations)/', pathNot: SPEC },
    to: { path: `^test/|${SPEC}` },
  },
  ...LAYERS.map((layer, index) => ({
    name: 'imports-go-down',
    comment: 'A lower layer must not depend on its callers. Move the shared part down, or the calling part up.',
    from: { path: `^src/(${layer})` },
    to: {
      path: `^src/(?:${LAYERS.slice(0, index + 1).join('|')})`,
      pathNot: layer === FEATURE ? `^src/${FEATURE}` : '^src/$1',
    },
  })),
  {
    name: 'private-http-files',
    comment: 'Controllers and the dto folder belong to their module. Share a service instead.',
    from: { path: '^src/((?:platform/)?[^/]+)/', pathNot: '^src/cli/' },
    to: { path: '^src/.+(?:\\.controller\\.ts$|/dto/)', pathNot: '^src/$1/' },
  },
  ...[FEATURE, 'platform/[^/]+'].map((part) => ({
    name: 'private-repositories',
    comment: 'Modules of one layer call each other’s services. Only a higher layer may use a repository.',
    from: { path: `^src/(${part})/` },
    to: { path: `^src/${part}/.+\\.repository\\.ts$`, pathNot: '^src/$1/' },
  })),
  {
    name: 'own-sql-only-in-repositories',
    comment:
      'Queries of Gatehouse itself are in `*.repository.ts`. A service of a team may inject TypeORM’s `Repository`, as Nest’s documentation does.',
    from: {
      path: OWN,
      pathNot: '^src/platform/database/|\\.(?:entity|repository)\\.ts$',
    },
    to: { path: '(?:^|/)node_modules/(?:typeorm|pg)/' },
  },
  {
    name: 'own-services-without-http',
    comment: 'Our services and repositories take and return plain values, so that commands and tests can call them.',
    from: { path: OWN, pathNot: [...HTTP, SPEC] },
    to: { path: '(?:^|/)node_modules/(?:express|@nestjs/swagger|@nestjs/platform-express)/|^src/http/' },
  },
  {
    name: 'no-child-processes',
    comment: 'Without these modules, input cannot become a command or code (ASVS 1.2.5, 1.3.2).',
    from: { path: '^src/', pathNot: SPEC },
    to: { path: '^(?:node:)?(?:child_process|vm|repl|inspector)(?:/|$)' },
  },
  {
    name: 'cluster-only-in-server',
    comment: 'Workers share the connection pool. Any further process would exceed it.',
    from: { path: '^src/', pathNot: '^src/(?:main\\.ts$|server/)' },
    to: { path: '^(?:node:)?cluster$' },
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: forbidden.map((rule) => ({ ...rule, severity: 'error' })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
