/* global structuredClone */
/**
 * Removes the examples of optional parameters, because Swagger UI fills them in. A list would then return no rows: the
 * example of its cursor is older than any of them.
 */
export const examplesPlugin = {
  statePlugins: {
    spec: { wrapActions: { updateJsonSpec: (original) => (document) => original(withoutOptionalExamples(document)) } },
  },
};

function withoutOptionalExamples(document) {
  const copy = structuredClone(document);
  const operations = Object.values(copy.paths ?? {}).flatMap((path) => Object.values(path));
  for (const { schema, required } of operations.flatMap(({ parameters = [] }) => parameters))
    if (!required && schema) delete schema.example;
  return copy;
}
