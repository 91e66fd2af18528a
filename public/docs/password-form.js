import { canUsePasskey, signInWithPasskey } from './passkey.js';
import { tokenUrlOf } from './routes.js';
import { requestTokens, useToken } from './session.js';

/** Signs in with email and password, and asks for a code if the account needs one. Or signs in with a passkey. */
export function PasswordForm({ React, system, schema, run, button, field, end, change }) {
  const { createElement: h } = React;
  const [needsCode, setNeedsCode] = React.useState(false);
  const submit = (event) => {
    event.preventDefault();
    const { username, password, otp } = event.target.elements;
    void run(async () => {
      const form = { grant_type: 'password', username: username.value, password: password.value };
      if (otp) form.otp = otp.value;
      const { token, error, needsCode: isCodeMissing } = await requestTokens(tokenUrlOf(system, schema), form);
      if (isCodeMissing) return (setNeedsCode(true), 'This account has a second factor. Enter a code.');
      if (!token) return ((otp ?? password).focus(), error);
      useToken(system, token, form.username);
    });
  };
  const usePasskey = () => run(() => signInWithPasskey(system));
  return h(
    'form',
    { onSubmit: submit },
    h('p', null, 'Sign in to call the routes with a lock.'),
    field('username', 'Email', { type: 'email', autoComplete: 'username' }),
    field('password', 'Password', { type: 'password', autoComplete: 'current-password', isLast: !needsCode }),
    needsCode &&
      field('otp', 'Code of the authenticator app, or a recovery code', {
        ...{ autoComplete: 'one-time-code', autoFocus: true, isLast: true },
      }),
    end,
    h(
      'div',
      { className: 'sign-in-others' },
      canUsePasskey(system) && button('Sign in with a passkey', { className: 'sign-in-other', onClick: usePasskey }),
      button('Use an API key', { className: 'sign-in-other', onClick: change }),
    ),
  );
}
