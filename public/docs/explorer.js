/* global SwaggerUIBundle, localStorage */

// Swagger UI stores what a person typed, the password included. This plugin stores the rest, so that the token survives
// a reload.
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
