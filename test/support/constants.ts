/** The formats of IDs and times in the API. */
export const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** A well-formed ID that does not exist. */
export const UNKNOWN_ID = '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60';

/** A database that is never available, because no process listens on this port. */
export const NO_DATABASE = 'postgresql://gatehouse:gatehouse@127.0.0.1:1/gatehouse';
