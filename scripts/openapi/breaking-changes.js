// Finds changes of an OpenAPI document that break a client of an earlier version. Compares only what the client sends and
// receives, not the names of operations and schemas.

/** @typedef {Record<string, any>} Json */
/** @typedef {'request' | 'response'} Direction which side sends the value: the client, or the server */

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'];
const LOWER_BOUNDS = ['minLength', 'minItems', 'minimum', 'exclusiveMinimum'];
const UPPER_BOUNDS = ['maxLength', 'maxItems', 'maximum', 'exclusiveMaximum'];

/**
 * Returns a sentence for each breaking change: a removed operation, field or status, a request that needs more or may
 * contain less, and a response that contains less or other types. New values of an enumeration in a response do not count.
 *
 * @param {Json} before
 * @param {Json} after
 * @returns {string[]}
 */
export function findBreakingChanges(before, after) {
  /** @type {string[]} */
  const found = [];
  for (const [path, item] of Object.entries(before['paths'] ?? {})) {
    for (const method of METHODS.filter((name) => item[name])) {
      const name = `${method.toUpperCase()} ${path}`;
      const operation = after['paths']?.[path]?.[method];
      if (operation) compareOperations({ before, after, found }, name, item[method], operation);
      else found.push(`${name}: the operation was removed`);
    }
  }
  return [...new Set(found)];
}

/** @typedef {{ before: Json, after: Json, found: string[] }} Comparison */

/** @param {Comparison} comparison @param {string} name @param {Json} old @param {Json} now */
function compareOperations(comparison, name, old, now) {
  const { found } = comparison;
  const allowsAnyone = (/** @type {Json} */ { security = [] }) =>
    security.length === 0 || security.some((/** @type {Json} */ scheme) => Object.keys(scheme).length === 0);
  if (allowsAnyone(old) && !allowsAnyone(now)) found.push(`${name}: a token is required`);
  compareParameters(comparison, name, old['parameters'] ?? [], now['parameters'] ?? []);
  if (!old['requestBody']?.required && now['requestBody']?.required) found.push(`${name}: a body is required`);
  compareContents(comparison, `${name} body`, 'request', old['requestBody'], now['requestBody']);
  for (const [status, response] of Object.entries(old['responses'] ?? {})) {
    const other = now['responses']?.[status];
    if (!other) found.push(`${name}: the status ${status} was removed`);
    else compareContents(comparison, `${name} ${status}`, 'response', response, other);
  }
}

/** @param {Comparison} comparison @param {string} name @param {Json[]} old @param {Json[]} now */
function compareParameters(comparison, name, old, now) {
  const keyOf = (/** @type {Json} */ parameter) => `${parameter['in']} ${parameter['name']}`;
  for (const parameter of old) {
    const other = now.find((candidate) => keyOf(candidate) === keyOf(parameter));
    const where = `${name} ${keyOf(parameter)}`;
    if (!other) comparison.found.push(`${where}: the parameter was removed`);
    else {
      if (!parameter['required'] && other['required']) comparison.found.push(`${where}: it is required`);
      compareSchemas(comparison, where, 'request', parameter['schema'], other['schema']);
    }
  }
  for (const parameter of now.filter((candidate) => candidate['required'])) {
    const isNew = !old.some((candidate) => keyOf(candidate) === keyOf(parameter));
    if (isNew) comparison.found.push(`${name} ${keyOf(parameter)}: a new parameter is required`);
  }
}

/** @param {Comparison} comparison @param {string} where @param {Direction} direction @param {Json} old @param {Json} now */
function compareContents(comparison, where, direction, old, now) {
  for (const [type, media] of Object.entries(old?.['content'] ?? {})) {
    const other = now?.['content']?.[type];
    if (!other) comparison.found.push(`${where}: the media type ${type} was removed`);
    else compareSchemas(comparison, where, direction, media['schema'], other['schema']);
  }
}

/**
 * @param {Comparison} comparison @param {string} where @param {Direction} direction
 * @param {Json | undefined} oldRef @param {Json | undefined} nowRef
 * @param {readonly unknown[]} [parents] the schemas that contain this one
 */
function compareSchemas(comparison, where, direction, oldRef, nowRef, parents = []) {
  const { found } = comparison;
  const old = flatten(comparison.before, oldRef);
  const now = flatten(comparison.after, nowRef);
  const key = JSON.stringify(oldRef);
  // A schema may contain itself.
  if (parents.includes(key)) return;
  const [from, to] = direction === 'request' ? [old, now] : [now, old];
  // The receiver must accept every type that the sender may send.
  const lost = to.types.length > 0 ? from.types.filter((type) => !accepts(to.types, type)) : [];
  if (lost.length > 0)
    found.push(`${where}: ${direction === 'request' ? 'no longer accepts' : 'may be'} ${lost.join(', ')}`);
  if (direction === 'request') compareRules(found, where, old, now);
  for (const [name, schema] of Object.entries(old.properties)) {
    const other = now.properties[name];
    const field = `${where} ${name}`;
    if (!other) found.push(`${field}: the field was removed`);
    else compareSchemas(comparison, field, direction, schema, other, [...parents, key]);
    if (other && direction === 'response' && old.required.includes(name) && !now.required.includes(name))
      found.push(`${field}: the field may be missing`);
  }
  for (const name of direction === 'request' ? now.required : []) {
    if (!old.required.includes(name)) found.push(`${where} ${name}: the field is required`);
  }
  if (old.items && now.items)
    compareSchemas(comparison, `${where} items`, direction, old.items, now.items, [...parents, key]);
}

/** Compares what a request may contain. @param {string[]} found @param {string} where @param {Flat} old @param {Flat} now */
function compareRules(found, where, old, now) {
  if (now.enum) {
    const lost = old.enum ? old.enum.filter((value) => !now.enum?.includes(value)) : ['other values'];
    if (lost.length > 0) found.push(`${where}: no longer accepts ${lost.join(', ')}`);
  }
  for (const bound of LOWER_BOUNDS) {
    if (now.schema[bound] > (old.schema[bound] ?? -Infinity)) found.push(`${where}: ${bound} is ${now.schema[bound]}`);
  }
  for (const bound of UPPER_BOUNDS) {
    if (now.schema[bound] < (old.schema[bound] ?? Infinity)) found.push(`${where}: ${bound} is ${now.schema[bound]}`);
  }
  for (const rule of ['pattern', 'format']) {
    const isNarrower = now.schema[rule] !== undefined && now.schema[rule] !== old.schema[rule];
    if (isNarrower) found.push(`${where}: ${rule} is ${now.schema[rule]}`);
  }
}

/** @param {readonly string[]} types @param {string} type */
function accepts(types, type) {
  return types.includes(type) || (type === 'integer' && types.includes('number'));
}

/**
 * @typedef {object} Flat a schema with its references resolved and its parts merged
 * @property {Json} schema
 * @property {readonly string[]} types empty if any type is allowed
 * @property {Json} properties
 * @property {readonly string[]} required
 * @property {readonly unknown[] | undefined} enum
 * @property {Json | undefined} items
 */

/** @param {Json} document @param {Json | undefined} schema @returns {Flat} */
function flatten(document, schema = {}) {
  const reference = schema['$ref'] && document['components']?.schemas?.[schema['$ref'].split('/').at(-1)];
  const parts = [reference ?? [], schema['allOf'] ?? []]
    .flat()
    .map((/** @type {Json} */ part) => flatten(document, part));
  const offered = [schema['anyOf'] ?? schema['oneOf'] ?? []].flat();
  // A client gets a schema with `x-opt-in` only if it requests it, which earlier clients do not.
  const choices = offered
    .filter((/** @type {Json} */ part) => !part['x-opt-in'])
    .map((/** @type {Json} */ part) => flatten(document, part));
  const all = [...parts, ...choices];
  const only = choices.length === 1 ? choices : [];
  const values = [schema['enum'], ...('const' in schema ? [[schema['const']]] : []), ...all.map((part) => part.enum)];
  return {
    schema: Object.assign({}, ...all.map((part) => part.schema), schema),
    types: [schema['type'] ?? [], ...all.map(({ types }) => types)].flat(),
    properties: Object.assign({}, ...all.map(({ properties }) => properties), schema['properties']),
    required: [...[...parts, ...only].flatMap(({ required }) => required), ...(schema['required'] ?? [])],
    enum: values.some(Boolean) ? values.filter(Boolean).flat() : undefined,
    items: schema['items'] ?? all.find(({ items }) => items)?.items,
  };
}
