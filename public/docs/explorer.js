/* global SwaggerUIBundle */
import { introductionPlugin } from './introduction.js';
import { nameControls } from './names.js';
import { sessionPlugin } from './session.js';
import { signInPlugin } from './sign-in.js';

SwaggerUIBundle({
  // Relative to this script, so that a proxy can add a path prefix.
  url: new URL('../openapi.json', import.meta.url).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: true,
  syntaxHighlight: { theme: 'obsidian' },
  plugins: [introductionPlugin, signInPlugin, sessionPlugin],
});

nameControls(document.querySelector('#swagger-ui'));
