/* global addEventListener */

// The script of all account pages. It changes nothing until the button is pressed, because mail scanners open every link.
const TIMEOUT_MS = 15_000;
const UNREACHABLE = { detail: 'The server did not respond. Check your connection and try again.' };

const form = document.querySelector('form');
const fields = [...form.querySelectorAll('input[name]')];
const button = form.querySelector('button');
const problem = document.querySelector('#problem');
const checking = document.querySelector('#checking');
const done = document.querySelector('#done');
const dead = document.querySelector('#dead');

const password = document.querySelector('#new-password');
document.querySelector('#show-password')?.addEventListener('change', ({ target }) => {
  password.type = target.checked ? 'text' : 'password';
});

// Another link in the same tab only changes the fragment.
addEventListener('hashchange', () => location.reload());

const token = form.dataset.check && takeToken();

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  problem.textContent = '';
  for (const field of fields) field.removeAttribute('aria-invalid');
  button.disabled = true;
  const failure = await post(form.dataset.action, { token, ...filledFields() }).catch(() => UNREACHABLE);
  button.disabled = false;
  if (failure === null) showSuccess();
  else if (isDead(failure)) showSection(dead);
  else showProblem(failure);
});

if (history.state?.isDone) showSection(done);
else await start();

/**
 * Moves the token from the address bar to the state of this history entry. There it is neither visible nor sent, and it
 * survives a reload.
 */
function takeToken() {
  if (location.hash) {
    const given = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;
    history.replaceState({ token: given }, '', location.pathname + location.search);
  }
  return history.state?.token;
}

/** Shows the form if the link works. If the check itself fails, also shows the form, which reports the problem. */
async function start() {
  const { check, purpose } = form.dataset;
  if (check && !token) {
    dead.querySelector('h2').textContent = 'This link is incomplete';
    dead.querySelector('p').textContent = 'Open it from the mail again, or copy the whole link.';
    showSection(dead);
    return;
  }
  checking.hidden = !check;
  const failure = check ? await post(check, { token, purpose }).catch(() => null) : null;
  checking.hidden = true;
  if (failure !== null && isDead(failure)) {
    showSection(dead);
  } else {
    form.hidden = false;
    fields[0]?.focus();
  }
}

/** Sends JSON. Returns the problem document (RFC 9457), or null on success. */
async function post(url, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return response.ok ? null : response.json();
}

/** Returns the values of the form. Omits optional fields that are blank, so that their stored values stay. */
function filledFields() {
  const filled = fields.filter(({ required, value }) => required || value.trim() !== '');
  return Object.fromEntries(filled.map(({ name, value }) => [name, value]));
}

/** Returns whether the link no longer works. A token that is too long was changed on its way. */
function isDead({ code, errors = [] }) {
  return code === 'token_used_or_expired' || errors.some(({ pointer }) => pointer === '/token');
}

/** Shows a problem document, and marks the fields that it is about. */
function showProblem({ detail, errors = [] }) {
  const messages = [];
  for (const { pointer, message } of errors) {
    const field = fields.find(({ name }) => pointer === `/${name}`);
    if (!field) continue;
    field.setAttribute('aria-invalid', 'true');
    messages.push(`The ${field.dataset.subject} ${message}.`);
  }
  problem.textContent = messages.join(' ') || detail || 'Something went wrong. Try again later.';
  (form.querySelector('[aria-invalid]') ?? fields[0] ?? button).focus();
}

function showSuccess() {
  // Removes the used token, so that a reload shows the success again.
  history.replaceState({ isDone: true }, '');
  showSection(done);
}

function showSection(section) {
  form.hidden = true;
  problem.textContent = '';
  section.hidden = false;
  section.focus();
}
