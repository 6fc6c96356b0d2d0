/** Words in the user's language. A key that a dictionary lacks does not compile. */
import { language } from '../model/settings';
import { en } from './en';
import { zh } from './zh';

export type Key = keyof typeof en;

const DICTIONARIES = { en, zh };

/** The words for a key; `{name}` in them is replaced by that parameter. */
export function t(key: Key, parameters?: Record<string, string | number>): string {
  return fill(DICTIONARIES[language.value][key], parameters);
}

export function fill(words: string, parameters?: Record<string, string | number>): string {
  if (parameters === undefined) return words;
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole));
}

/** The words for a name that comes from the cluster, or the name itself where there are none. */
export function tName(prefix: string, name: string): string {
  const key = `${prefix}.${name}`;
  return key in en ? t(key as Key) : name;
}
