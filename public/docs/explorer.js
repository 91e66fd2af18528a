/* global SwaggerUIBundle, localStorage */

// Swagger UI would store all input, including the password. This plugin omits the password and keeps the token, so that
// the token survives a reload.
const storeWithoutPassword = {
  statePlugins: {
    auth: {
      wrapActions: {
        persistAuthorizationIfNeeded:
          (_original, { authSelectors }) =>
          () => {
            const authorized = JSON.stringify(authSelectors.authorized(), (name, value) =>
              name === 'password' ? undefined : value,
            );
            localStorage.setItem('authorized', authorized);
          },
      },
    },
  },
};

SwaggerUIBundle({
  url: './openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  plugins: [storeWithoutPassword],
});
