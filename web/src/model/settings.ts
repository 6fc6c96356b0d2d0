/** What the user has chosen and the browser keeps: theme and language. */
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
export type Language = 'en' | 'zh';

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing asks again the next time.
  }
}

function firstTheme(): Theme {
  const theme = kept('wasmill.theme');
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

function firstLanguage(): Language {
  const language = kept('wasmill.language') ?? (globalThis.navigator?.language ?? 'en');
  return language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const theme = signal<Theme>(firstTheme());
export const language = signal<Language>(firstLanguage());

/** Counts up when colours may have changed, for what is drawn on a canvas. */
export const themeVersion = signal(0);

/** Lets the document follow the settings. */
export function applySettings(): void {
  effect(() => {
    if (theme.value === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme.value;
    keep('wasmill.theme', theme.value);
    themeVersion.value = themeVersion.peek() + 1;
  });
  effect(() => {
    document.documentElement.lang = language.value;
    keep('wasmill.language', language.value);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    themeVersion.value += 1;
  });
}
