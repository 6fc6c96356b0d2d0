/** Where the user is: the hash of the address, as in Flink's console (`#/job/JID/overview`). */
import { computed, signal } from '@preact/signals';

/** The parts of a path, decoded, without empty ones. */
export function splitPath(hash: string): string[] {
  const path = hash.replace(/^#?\/?/, '').split('?')[0] ?? '';
  return path
    .split('/')
    .filter((piece) => piece !== '')
    .map((piece) => {
      try {
        return decodeURIComponent(piece);
      } catch {
        return piece;
      }
    });
}

/** A link to a path, given its parts. */
export function link(...parts: (string | number)[]): string {
  return `#/${parts.map((piece) => encodeURIComponent(piece)).join('/')}`;
}

const hash = signal(globalThis.location?.hash ?? '');

/** The parts of the present path; the overview if there is none. */
export const route = computed(() => {
  const parts = splitPath(hash.value);
  return parts.length === 0 ? ['overview'] : parts;
});

export function followAddress(): void {
  addEventListener('hashchange', () => {
    hash.value = location.hash;
  });
}

export function goTo(target: string): void {
  location.hash = target;
}
