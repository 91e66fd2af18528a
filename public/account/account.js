// The script of all account pages. It sends nothing until the button is pressed, because mail scanners open every link.
const form = document.querySelector('form');
const field = form.querySelector('input[name]');
const button = form.querySelector('button');
const problem = document.querySelector('#problem');
const done = document.querySelector('#done');

document.querySelector('#show-password')?.addEventListener('change', ({ target }) => {
  field.type = target.checked ? 'text' : 'password';
});

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  problem.textContent = '';
  field?.removeAttribute('aria-invalid');
  button.disabled = true;
  try {
    const message = await send();
    if (message === null) showSuccess();
    else showProblem(message);
  } catch {
    showProblem('The server did not respond. Check your connection and try again.');
  } finally {
    button.disabled = false;
  }
});

/** Sends the form. Returns an error message, or null on success. */
async function send() {
  // The token is in the fragment, which browsers do not send.
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return 'This link is incomplete. Open it again from the mail, or copy all of it.';
  const response = await fetch(form.dataset.action, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token, ...Object.fromEntries(new FormData(form)) }),
  });
  return response.ok ? null : describe(await response.json());
}

/** Returns the message of a problem document (RFC 9457). */
function describe({ detail, errors = [] }) {
  const fieldErrors = errors.filter(({ pointer }) => pointer === `/${field?.name}`);
  if (fieldErrors.length === 0) return detail;
  field.setAttribute('aria-invalid', 'true');
  return fieldErrors.map(({ message }) => `The password ${message}.`).join(' ');
}

function showProblem(message) {
  problem.textContent = message;
  field?.focus();
}

function showSuccess() {
  // Removes the used token from the address bar and the history.
  history.replaceState(null, '', location.pathname);
  form.hidden = true;
  done.hidden = false;
  done.focus();
}
