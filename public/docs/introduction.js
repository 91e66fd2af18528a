/** Starts the page with an introduction, adds landmarks, and hides what has no meaning here. */
export const introductionPlugin = ({ React: { createElement: h } }) => ({
  components: {
    InfoContainer: (props) => h(Introduction, { h, ...props }),
    // Swagger UI has a link there, inside the button that opens the operation. The button also updates the address bar.
    DeepLink: ({ text }) => h('span', null, text),
  },
  wrapComponents: {
    AuthorizeBtnContainer: (Original) => (props) => h('section', { 'aria-label': 'Sign-in' }, h(Original, props)),
    // With a single server, there is nothing to choose. The hidden component still selects the server.
    ServersContainer: (Original) => (props) =>
      h('section', { 'aria-label': 'Server', hidden: props.specSelectors.servers().size < 2 }, h(Original, props)),
  },
});

/** Shows the first paragraph of the description, the first steps, and the rest of the description on demand. */
function Introduction({ h, specSelectors, getComponent }) {
  const info = specSelectors.info();
  const Markdown = getComponent('Markdown', true);
  const [summary, ...rules] = (info.get('description') ?? '').split('\n\n');
  return h(
    'section',
    { className: 'introduction', 'aria-label': 'Introduction' },
    h('h1', null, info.get('title')),
    h(Markdown, { source: summary }),
    h('p', null, `Version ${info.get('version')} · `, h('a', { href: specSelectors.url() }, 'OpenAPI document')),
    h('div', { className: 'first-steps' }, h('h2', null, 'Start here'), h('ol', null, ...firstSteps(h))),
    rules.length > 0 &&
      h('details', null, h('summary', null, 'Rules of all routes'), h(Markdown, { source: rules.join('\n\n') })),
  );
}

function firstSteps(h) {
  const code = (text) => h('code', null, text);
  const control = (text) => h('b', null, text);
  const steps = [
    ['Open ', code('POST /auth/register'), ', choose ', control('Try it out'), ' and then ', control('Execute'), '.'],
    [
      'Choose ',
      control('Authorize'),
      ' and sign in with the email and password of the new account. A passkey or an API key also works.',
    ],
    [
      'Call any route with a lock, such as ',
      code('GET /users/me'),
      '. Routes under ',
      code('/admin'),
      ' need an admin.',
    ],
  ];
  return steps.map((step) => h('li', null, ...step));
}
