import { checkKey, useToken } from './session.js';

/** Sends an API key with all requests. */
export function KeyForm({ React: { createElement: h }, system, run, button, field, end, change }) {
  const submit = (event) => {
    event.preventDefault();
    const { key } = event.target.elements;
    void run(async () => {
      const error = await checkKey(system, key.value.trim());
      if (error) return (key.focus(), error);
      useToken(system, { access_token: key.value.trim() });
    });
  };
  return h(
    'form',
    { onSubmit: submit },
    h(
      'p',
      null,
      'Enter a key that starts with ',
      h('code', null, 'ghk_'),
      '. Create one with ',
      h('code', null, 'POST /auth/keys'),
      '. A key cannot call the routes below ',
      h('code', null, '/auth'),
      ' that need a token, or routes that need a step-up. Reloading this page forgets the key.',
    ),
    field('key', 'API key', {
      ...{ type: 'password', autoComplete: 'off', autoFocus: true, isLast: true },
      ...{ pattern: '\\s*ghk_[A-Za-z0-9_\\-]+\\s*', title: 'A key starts with ghk_.' },
    }),
    end,
    h(
      'div',
      { className: 'sign-in-others' },
      button('Use email and password', { className: 'sign-in-other', onClick: change }),
    ),
  );
}
