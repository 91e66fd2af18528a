import { findBreakingChanges } from '../../scripts/openapi/breaking-changes.js';

interface Parts {
  readonly body?: object;
  readonly response?: object;
  readonly operation?: object;
}

const REQUEST = {
  type: 'object',
  required: ['email'],
  properties: { email: { type: 'string' }, name: { type: 'string' } },
};
const RESPONSE = { type: 'object', required: ['id'], properties: { id: { type: 'string' }, age: { type: 'integer' } } };

/** Returns a document with one operation. */
function documentOf({ body = REQUEST, response = RESPONSE, operation = {} }: Parts = {}) {
  const content = (schema: object) => ({ content: { 'application/json': { schema } } });
  const post = { requestBody: content(body), responses: { 200: content(response) }, security: [], ...operation };
  return { paths: { '/users': { post } } };
}

const withField = (
  schema: typeof REQUEST | typeof RESPONSE,
  name: string,
  field?: object,
  required = schema.required,
) => ({
  ...schema,
  required,
  properties: { ...schema.properties, [name]: field },
});
const limited = (rules: object) => ({ body: withField(REQUEST, 'name', { type: 'string', ...rules }) });

describe('a change of the OpenAPI document', () => {
  it.each<[string, Parts, Parts]>([
    ['an added response field', {}, { response: withField(RESPONSE, 'city', { type: 'string' }) }],
    ['an added optional field', {}, { body: withField(REQUEST, 'city', { type: 'string' }) }],
    ['an added status', {}, { operation: { responses: { ...documentOf().paths['/users'].post.responses, 409: {} } } }],
    ['a wider limit', limited({ maxLength: 10 }), limited({ maxLength: 20 })],
    ['another enumeration value', limited({ enum: ['a'] }), limited({ enum: ['a', 'b'] })],
    ['null in a request', {}, limited({ type: ['string', 'null'] })],
  ])('breaks no client: %s', (_, before, after) => {
    expect(findBreakingChanges(documentOf(before), documentOf(after))).toEqual([]);
  });

  it.each<[string, Parts, Parts, string]>([
    ['a removed status', {}, { operation: { responses: {} } }, 'the status 200 was removed'],
    ['a required token', {}, { operation: { security: [{ signIn: [] }] } }, 'a token is required'],
    ['a removed response field', {}, { response: withField(RESPONSE, 'age') }, '200 age: the field was removed'],
    ['a removed request field', {}, { body: withField(REQUEST, 'name') }, 'body name: the field was removed'],
    [
      'a new required field',
      {},
      { body: { ...REQUEST, required: ['email', 'name'] } },
      'body name: the field is required',
    ],
    ['a missing response field', {}, { response: { ...RESPONSE, required: [] } }, '200 id: the field may be missing'],
    ['null in a response', {}, { response: withField(RESPONSE, 'id', { type: ['string', 'null'] }) }, 'may be null'],
    ['another type', {}, limited({ type: 'number' }), 'no longer accepts string'],
    ['a shorter text', {}, limited({ maxLength: 10 }), 'maxLength is 10'],
    ['a longer text', limited({ minLength: 1 }), limited({ minLength: 2 }), 'minLength is 2'],
    ['a pattern', {}, limited({ pattern: '^a' }), 'pattern is ^a'],
    ['fewer enumeration values', limited({ enum: ['a', 'b'] }), limited({ enum: ['a'] }), 'no longer accepts b'],
    [
      'a new required parameter',
      {},
      { operation: { parameters: [{ in: 'query', name: 'q', required: true, schema: {} }] } },
      'query q: a new parameter is required',
    ],
  ])('breaks a client: %s', (_, before, after, sentence) => {
    expect(findBreakingChanges(documentOf(before), documentOf(after)).join()).toContain(sentence);
  });

  it('breaks a client if an operation was removed', () => {
    expect(findBreakingChanges(documentOf(), { paths: {} })).toEqual(['POST /users: the operation was removed']);
  });

  it('is found behind a reference to a schema that contains itself', () => {
    const tree = (label: object) => ({
      ...documentOf({ response: { $ref: '#/components/schemas/Tree' } }),
      components: {
        schemas: { Tree: { type: 'object', properties: { label, parent: { $ref: '#/components/schemas/Tree' } } } },
      },
    });
    const found = findBreakingChanges(tree({ type: 'string' }), tree({ type: 'integer' }));
    expect(found).toEqual(['POST /users 200 label: may be integer']);
  });
});
