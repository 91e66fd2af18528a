/* global SwaggerUIBundle */
import { examplesPlugin } from './examples.js';
import { introductionPlugin } from './introduction.js';
import { nameControls } from './names.js';
import { sessionPlugin } from './session.js';
import { signInPlugin } from './sign-in.js';

/** The order of the groups of routes, by first use. Those of other modules come between the two lists. */
const FIRST = ['auth', 'users', 'sessions', 'factors', 'keys'];
const LAST = ['recovery', 'oauth', 'admin', 'health'];
const rank = (tag) => (FIRST.includes(tag) ? FIRST.indexOf(tag) - FIRST.length : LAST.indexOf(tag) + 1);

/** `/users/me` comes before `/users/me/activity`. Otherwise the order of the document stays. */
const isBelow = (operation, other) => Number(operation.get('path').startsWith(`${other.get('path')}/`));

SwaggerUIBundle({
  // Relative to this script, so that a proxy can add a path prefix.
  url: new URL('../openapi.json', import.meta.url).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  operationsSorter: (a, b) => isBelow(a, b) - isBelow(b, a),
  persistAuthorization: true,
  syntaxHighlight: { theme: 'obsidian' },
  tagsSorter: (a, b) => rank(a) - rank(b),
  plugins: [examplesPlugin, introductionPlugin, signInPlugin, sessionPlugin],
});

nameControls(document.querySelector('#swagger-ui'));
