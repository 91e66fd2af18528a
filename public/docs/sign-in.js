import { KeyForm } from './key-form.js';
import { canUsePasskey, stepUpWithPasskey } from './passkey.js';
import { PasswordForm } from './password-form.js';
import { signedIn, signOut } from './session.js';

/** Replaces the dialog of Swagger UI with an accessible one, and its OAuth form with ours. */
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

/** Shows who is signed in, or a form: with email and password, or with an API key. */
function SignIn({ React, system, schema, authActions }) {
  const { createElement: h } = React;
  const [error, setError] = React.useState('');
  const [isBusy, setBusy] = React.useState(false);
  const [usesKey, setUsesKey] = React.useState(false);
  const close = () => authActions.showDefinitions(false);
  /** Runs what a button does. Closes the dialog, or shows the message that it returns. */
  const run = async (work) => {
    setBusy(true);
    setError('');
    const message = await work();
    setBusy(false);
    if (message) setError(message);
    else close();
  };
  const button = (label, props) =>
    h('button', { className: 'btn modal-btn auth', type: 'button', disabled: isBusy, ...props }, label);
  const buttons = (first) => h('div', { className: 'sign-in-buttons' }, first, button('Close', { onClick: close }));

  const errorText = h('p', { key: 'error', id: 'oauth_error', className: 'sign-in-error', role: 'alert' }, error);
  const stepUp = button('Use a passkey for a step-up', {
    className: 'sign-in-other',
    onClick: () => run(() => stepUpWithPasskey(system)),
  });

  const user = signedIn(system);
  if (user) {
    const text = user.refreshToken
      ? ['You are signed in as ', h('strong', null, user.username), '.']
      : ['You use an API key.'];
    const label = user.refreshToken ? 'Sign out' : 'Forget the key';
    return h(
      'div',
      null,
      h('p', null, ...text),
      errorText,
      buttons(button(label, { onClick: () => run(() => signOut(system)) })),
      user.refreshToken && canUsePasskey(system) && h('div', { className: 'sign-in-others' }, stepUp),
    );
  }
  const isInvalid = error ? { 'aria-invalid': true, 'aria-describedby': 'oauth_error' } : {};
  const field = (name, label, { isLast, ...props }) => [
    h('label', { key: `${name}-label`, htmlFor: `oauth_${name}` }, label),
    h('input', { key: name, id: `oauth_${name}`, name, required: true, ...props, ...(isLast && isInvalid) }),
  ];
  const end = [
    errorText,
    h(
      'div',
      { key: 'buttons' },
      buttons(button('Authorize', { type: 'submit', className: 'btn modal-btn auth authorize' })),
    ),
  ];
  const change = () => (setUsesKey(!usesKey), setError(''));
  return h(usesKey ? KeyForm : PasswordForm, { React, system, schema, run, button, field, end, change });
}
