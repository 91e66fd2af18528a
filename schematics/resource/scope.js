import { SchematicsException } from '@angular-devkit/schematics';

/**
 * @typedef {import('./names.js').Names} Names
 * @typedef {import('./fields.js').Field} Field
 *
 * @typedef {'owner' | 'admin' | 'public'} Access Who may use a row: the user who created it, all admins, or everyone to
 *   read and admins to change.
 *
 * @typedef {object} Controller
 * @property {string} controllerFile
 * @property {string} controllerClass
 * @property {string} route
 * @property {boolean} reads whether it has the routes that read
 * @property {boolean} writes whether it has the routes that change
 * @property {boolean} isPublic whether it needs no token
 */

/** PostgreSQL truncates longer names. */
const MAX_NAME_BYTES = 63;

/**
 * Returns the variables of the templates other than the names.
 *
 * @param {{ names: Names, fields: readonly Field[], access: Access, timestamp: number }} module
 */
export function buildScope({ names, fields, access, timestamp }) {
  const isOwned = access === 'owner';
  const nullable = fields.filter(({ isOptional }) => isOptional);
  const checks = fields.flatMap(({ column, sqlColumn, check }) => {
    const condition = check(sqlColumn);
    return condition === null ? [] : [{ name: `ck_${names.table}_${column}`, condition }];
  });
  assertLengths([
    `ix_${names.table}_owner_id_id`,
    ...checks.map(({ name }) => name),
    ...fields.map(({ column }) => column),
  ]);
  const controllers = controllersOf(names, access);
  return {
    fields,
    timestamp,
    isOwned,
    isPublic: access === 'public',
    nullable,
    checks,
    controllers,
    ...pathsOf(names, access),
    ...(isOwned ? OWNED : SHARED),
    entityImports: [
      ...(checks.length > 0 ? ['Check'] : []),
      ...['Column', 'Entity'],
      ...(isOwned ? ['Index', 'ManyToOne'] : []),
      'PrimaryColumn',
    ].join(', '),
    swaggerImports: [
      ...(nullable.length < fields.length ? ['ApiProperty'] : []),
      ...(nullable.length > 0 ? ['ApiPropertyOptional'] : []),
    ].join(', '),
    validators: validatorsOf(fields),
    fieldNames: fields.map(({ name }) => name).join(', '),
    nullableNames: nullable.map(({ name }) => `'${name}'`).join(' | '),
    documentationOf,
    claims: claimsOf(names, fields, controllers),
  };
}

/** The parts of methods that differ between rows with and without an owner. */
const OWNED = {
  key: 'id, ownerId',
  ownerParameter: 'ownerId: string, ',
  ownerArgument: 'ownerId, ',
  userParameter: '@CurrentUser() owner: User, ',
  userArgument: 'owner.id, ',
};
const SHARED = { key: 'id', ownerParameter: '', ownerArgument: '', userParameter: '', userArgument: '' };

/** @param {Names} names @param {Access} access */
function pathsOf({ folder }, access) {
  return {
    readPath: access === 'admin' ? `/admin/${folder}` : `/${folder}`,
    writePath: access === 'owner' ? `/${folder}` : `/admin/${folder}`,
  };
}

/** @param {Names} names @param {Access} access */
function controllersOf(names, access) {
  if (access === 'owner') return [controllerOf(names, { reads: true, writes: true })];
  const admin = controllerOf(names, { reads: access === 'admin', writes: true, isAdmin: true });
  return access === 'admin' ? [admin] : [controllerOf(names, { reads: true, writes: false, isPublic: true }), admin];
}

/**
 * @param {Names} names
 * @param {{ reads: boolean, writes: boolean, isAdmin?: boolean, isPublic?: boolean }} access
 */
function controllerOf({ folder, classes }, { reads, writes, isAdmin = false, isPublic = false }) {
  return {
    controllerFile: isAdmin ? `${folder}.admin.controller` : `${folder}.controller`,
    controllerClass: isAdmin ? `${classes}AdminController` : `${classes}Controller`,
    route: isAdmin ? `admin/${folder}` : folder,
    reads,
    writes,
    isPublic,
    nestImports: [
      ...(writes ? ['Body'] : []),
      'Controller',
      ...(writes ? ['Delete'] : []),
      ...(reads ? ['Get'] : []),
      ...(writes ? ['HttpCode'] : []),
      'Param',
      ...(writes ? ['Patch', 'Post'] : []),
      ...(reads ? ['Query'] : []),
    ].join(', '),
    responseImports: [...(writes ? ['ApiNoContentResponse'] : []), 'ApiOkResponse'].join(', '),
  };
}

/** Returns the decorators of `http/fields.ts` that the fields use. @param {readonly Field[]} fields */
function validatorsOf(fields) {
  const used = new Set(
    fields.map(({ decorator }) => decorator.replace(/\(.*/, '')).filter((name) => name !== 'IsBoolean'),
  );
  if (fields.some(({ isOptional }) => isOptional)) used.add('Nullable');
  return [...used].sort();
}

/** Returns the options of `@ApiProperty`. @param {Field} field @param {'request' | 'response'} place */
function documentationOf({ documented, limits, typeClass, isOptional, example }, place) {
  const hasType = /^(?:type|enum):/.test(documented);
  return [
    ...(isOptional && !hasType ? [`type: ${typeClass}`] : []),
    documented,
    place === 'request' ? limits : '',
    isOptional ? 'nullable: true' : '',
    `example: ${example}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/**
 * Returns the names that the module takes.
 *
 * @param {Names} names @param {readonly Field[]} fields @param {readonly { route: string, controllerClass: string }[]}
 * controllers
 */
function claimsOf({ folder, table, code, entity, classes }, fields, controllers) {
  return {
    folder,
    table,
    code: `${code}_not_found`,
    routes: controllers.map(({ route }) => route),
    exports: [
      entity,
      ...['Dto', 'PageDto', 'NotFoundError', 'Changes'].map((suffix) => `${entity}${suffix}`),
      ...[`Create${entity}Dto`, `Update${entity}Dto`, `New${entity}`, `New${entity}Row`],
      ...['Module', 'Repository', 'Service'].map((suffix) => `${classes}${suffix}`),
      ...controllers.map(({ controllerClass }) => controllerClass),
      ...fields.flatMap(({ enumeration }) => enumeration?.type ?? []),
    ],
    files: [`test/e2e/${folder}.spec.ts`],
  };
}

/** @param {readonly string[]} sqlNames */
function assertLengths(sqlNames) {
  const long = sqlNames.find((name) => Buffer.byteLength(name) > MAX_NAME_BYTES);
  if (long === undefined) return;
  throw new SchematicsException(
    `PostgreSQL allows ${MAX_NAME_BYTES} characters in a name, but ${long} has ${long.length}. Choose a shorter name.`,
  );
}
