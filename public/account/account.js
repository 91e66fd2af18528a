// What the pages that mails lead to have in common. Nothing happens until a person presses the button: programs that
// check mails open every link in them.
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
    const why = await send();
    if (why === null) finish();
    else complain(why);
  } catch {
    complain('We got no answer. Check your connection, and try again.');
  } finally {
    button.disabled = false;
  }
});

/** What the server has against it; null if it is done. */
async function send() {
  // In the fragment, the token was sent to nobody until now.
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return 'This link is not complete. Open it again from the mail, or copy all of it.';
  const answer = await fetch(form.dataset.action, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token, ...Object.fromEntries(new FormData(form)) }),
  });
  return answer.ok ? null : explain(await answer.json());
}

/** A problem document (RFC 9457), as a person reads it. */
function explain({ detail, errors = [] }) {
  const ofField = errors.filter(({ pointer }) => pointer === `/${field?.name}`);
  if (ofField.length === 0) return detail;
  field.setAttribute('aria-invalid', 'true');
  return ofField.map(({ message }) => `The password ${message}.`).join(' ');
}

function complain(why) {
  problem.textContent = why;
  field?.focus();
}

function finish() {
  // The token is used up. Neither the address bar nor the history needs it any more.
  history.replaceState(null, '', location.pathname);
  form.hidden = true;
  done.hidden = false;
  done.focus();
}
