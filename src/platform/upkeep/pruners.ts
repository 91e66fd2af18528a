/** The token of all pruners, in the order in which they run. */
export const PRUNERS = Symbol('PRUNERS');
