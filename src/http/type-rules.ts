import {
  getMetadataStorage,
  IS_ARRAY,
  IS_BOOLEAN,
  IS_DATE,
  IS_ENUM,
  IS_INT,
  IS_NUMBER,
  IS_OBJECT,
  IS_STRING,
} from 'class-validator';

/** The rules about the type of a field. `isArray` is first, because the others can concern the items of an array. */
const TYPE_RULES = [IS_ARRAY, IS_OBJECT, IS_STRING, IS_INT, IS_NUMBER, IS_BOOLEAN, IS_DATE, IS_ENUM];

/**
 * Makes class-validator check the type of a field before its other rules. On its own it starts with the last decorator, so
 * that the only message about a text in a number field could be that it is too large.
 */
export function checkTypesFirst(): void {
  const storage = getMetadataStorage();
  const group = storage.groupByPropertyName.bind(storage);
  storage.groupByPropertyName = (rules) => {
    const groups = group(rules);
    for (const ofField of Object.values(groups)) ofField.sort((a, b) => rankOf(a.name) - rankOf(b.name));
    return groups;
  };
}

function rankOf(rule = ''): number {
  const index = TYPE_RULES.indexOf(rule);
  return index === -1 ? TYPE_RULES.length : index;
}
