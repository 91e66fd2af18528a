import { requestTokens, signedIn, signOut } from './session.js';
import { tokenUrlOf } from './routes.js';

/** Replaces the dialog of Swagger UI with an accessible one, and its OAuth form with two fields: email and password. */
export const signInPlugin = ({ React }) => ({
  components: { authorizationPopup: (props) => React.createElement(Dialog, { React, ...props }) },
  wrapComponents: {
    // Swagger UI shows a closed lock beside routes that also work without a token.
    authorizeOperationBtn: (Original) => (props) => {
      const isSignedIn = props.authSelectors.authorized().size > 0;
      return React.createElement(Original, { ...props, isAuthorized: props.isAuthorized && isSignedIn });
    },
    oauth2: (Original, { getSystem }) => {
      const isPassword = (scheme) => scheme.get('flow') === 'password';
      return (props) =>
        isPassword(props.schema)
          ? React.createElement(SignIn, { React, system: getSystem(), ...props })
          : React.createElement(Original, props);
    },
  },
});

/** Shows the ways to authorize in a native dialog, which keeps the focus and closes with Escape. */
function Dialog({ React, authSelectors, authActions, errSelectors, specSelectors, getComponent }) {
  const { createElement: h } = React;
  const Auths = getComponent('auths');
  const close = () => authActions.showDefinitions(false);
  const definitions = authSelectors.shownDefinitions().valueSeq().toArray();
  const forms = definitions.map((definition, key) =>
    h(Auths, { key, definitions: definition, getComponent, errSelectors, authSelectors, authActions, specSelectors }),
  );
  const open = React.useCallback((dialog) => dialog?.showModal(), []);
  // A click beside the dialog hits the dialog itself.
  const closeBeside = ({ target, currentTarget }) => target === currentTarget && close();
  return h(
    'dialog',
    { className: 'sign-in', 'aria-labelledby': 'sign-in-title', ref: open, onClose: close, onClick: closeBeside },
    h('div', { className: 'sign-in-content' }, h('h2', { id: 'sign-in-title' }, 'Authorize'), forms),
  );
}

/** Signs in with email and password, and asks for a code if the account needs one. Shows errors beside the last field. */
function SignIn({ React, system, name, schema, authActions }) {
  const { createElement: h } = React;
  const [error, setError] = React.useState('');
  const [isBusy, setBusy] = React.useState(false);
  const [needsCode, setNeedsCode] = React.useState(false);
  const close = () => authActions.showDefinitions(false);
  const user = signedIn(system);

  const run = async (work) => {
    setBusy(true);
    setError('');
    const message = await work();
    setBusy(false);
    if (message) setError(message);
    else close();
  };
  const submit = (event) => {
    event.preventDefault();
    const { username, password, otp } = event.target.elements;
    void run(async () => {
      const form = { grant_type: 'password', username: username.value, password: password.value };
      if (otp) form.otp = otp.value;
      const { token, error: message, needsCode: isCodeMissing } = await requestTokens(tokenUrlOf(system, schema), form);
      if (isCodeMissing) return (setNeedsCode(true), 'This account has a second factor. Enter a code.');
      if (!token) return ((otp ?? password).focus(), message);
      authActions.authorizeOauth2WithPersistOption({ auth: { name, schema, username: form.username }, token });
    });
  };

  const button = (label, props) => h('button', { className: 'btn modal-btn auth', disabled: isBusy, ...props }, label);
  const closeButton = button('Close', { type: 'button', onClick: close });
  if (user) {
    return h(
      'div',
      null,
      h('p', null, 'You are signed in as ', h('strong', null, user.username), '.'),
      h(
        'div',
        { className: 'sign-in-buttons' },
        button('Sign out', { onClick: () => run(() => signOut(system)) }),
        closeButton,
      ),
    );
  }
  const errorProps = error ? { 'aria-invalid': true, 'aria-describedby': 'oauth_error' } : {};
  const field = (name, label, props) => [
    h('label', { key: `${name}-label`, htmlFor: `oauth_${name}` }, label),
    h('input', { key: name, id: `oauth_${name}`, name, required: true, ...props }),
  ];
  return h(
    'form',
    { onSubmit: submit },
    h('p', null, 'Sign in to call the routes with a lock.'),
    field('username', 'Email', { type: 'email', autoComplete: 'username' }),
    field('password', 'Password', {
      ...{ type: 'password', autoComplete: 'current-password' },
      ...(needsCode ? {} : errorProps),
    }),
    needsCode &&
      field('otp', 'Code of the authenticator app, or a recovery code', {
        ...{ autoComplete: 'one-time-code', autoFocus: true },
        ...errorProps,
      }),
    h('p', { id: 'oauth_error', className: 'sign-in-error', role: 'alert' }, error),
    h(
      'div',
      { className: 'sign-in-buttons' },
      button('Authorize', { className: 'btn modal-btn auth authorize' }),
      closeButton,
    ),
  );
}
