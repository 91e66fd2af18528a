/* global MutationObserver */

/** Controls that Swagger UI does not name for screen readers, with functions that return their names. */
const NAMES = [
  ['textarea.body-param__text', () => 'Request body'],
  ['.examples-select-element', () => 'Example'],
  ['select.content-type', () => 'Content type'],
  ['.responses-table', (table) => `Responses ${operationOf(table)} ${table.className.replaceAll('-', ' ')}`],
  ['.parameters select, .parameters input', (control) => control.closest('tr')?.dataset.paramName ?? 'Value'],
];

/** Names the controls that Swagger UI adds, and lets the keyboard scroll its examples. */
export function nameControls(root) {
  const nameAll = () => {
    for (const example of root.querySelectorAll('pre.microlight:not([tabindex])')) example.tabIndex = 0;
    for (const [selector, nameOf] of NAMES) {
      for (const control of root.querySelectorAll(selector)) {
        if (!control.hasAttribute('aria-label')) control.setAttribute('aria-label', nameOf(control));
      }
    }
  };
  new MutationObserver(nameAll).observe(root, { childList: true, subtree: true });
}

function operationOf(element) {
  return element.closest('.opblock')?.querySelector('.opblock-summary-path')?.dataset.path ?? '';
}
