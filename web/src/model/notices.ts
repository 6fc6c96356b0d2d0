/** Short messages about what the user has just done. */
import { signal } from '@preact/signals';

export interface Notice {
  id: number;
  tone: 'ok' | 'bad' | 'info';
  text: string;
}

/** Good news goes by itself after this long; bad news stays until it is closed. */
const SHOWN_MS = 6000;

export const notices = signal<readonly Notice[]>([]);

let last = 0;

export function notify(tone: Notice['tone'], text: string): void {
  last += 1;
  const id = last;
  notices.value = [...notices.value.slice(-3), { id, tone, text }];
  if (tone !== 'bad') setTimeout(() => dismiss(id), SHOWN_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
