/** Keys for those who prefer them: where to go, the filter, walking through rows, closing what is open. */
import { signal } from '@preact/signals';
import { goTo, link } from './route';

export const helpShown = signal(false);

/** After `g`, the next key says where to. */
const PLACES: Record<string, string> = {
  o: link('overview'),
  j: link('jobs'),
  c: link('components'),
  t: link('task-manager'),
  m: link('job-manager', 'config'),
};

/** What Escape closes, the innermost last. */
const closers: (() => void)[] = [];

/** Closes by Escape while it is open; the returned function takes it back. */
export function onEscape(close: () => void): () => void {
  closers.push(close);
  return () => {
    const at = closers.lastIndexOf(close);
    if (at >= 0) closers.splice(at, 1);
  };
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}

/** Moves the focus among the rows of the page. */
function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')].filter((row) => row.offsetParent !== null);
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1);
  rows[next]?.focus();
}

let afterG = 0;

function act(event: KeyboardEvent): boolean {
  if (event.key === 'Escape') {
    const close = closers.at(-1);
    if (close !== undefined) close();
    else if (typing(event.target)) (event.target as HTMLElement).blur();
    return close !== undefined;
  }
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return false;
  const place = PLACES[event.key];
  if (afterG > Date.now() - 1500 && place !== undefined) {
    afterG = 0;
    goTo(place);
    return true;
  }
  switch (event.key) {
    case 'g':
      afterG = Date.now();
      return true;
    case 'n':
      goTo(link('submit'));
      return true;
    case '?':
      helpShown.value = !helpShown.value;
      return true;
    case '/': {
      const filter = document.querySelector<HTMLElement>('[data-filter]');
      filter?.focus();
      return filter !== null;
    }
    case 'j':
      step(1);
      return true;
    case 'k':
      step(-1);
      return true;
    default:
      return false;
  }
}

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (!event.defaultPrevented && act(event)) event.preventDefault();
  });
}
