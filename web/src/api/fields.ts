/**
 * Reading JSON that came over the wire. A field that is absent or of another kind becomes its fallback, so that a
 * console and a cluster of different versions still understand each other; nothing here throws.
 */
export class Fields {
  readonly raw: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    this.raw = isRecord(value) ? value : {};
  }

  has(name: string): boolean {
    return this.raw[name] !== undefined && this.raw[name] !== null;
  }

  text(name: string, fallback = ''): string {
    const value = this.raw[name];
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : fallback;
  }

  number(name: string, fallback = 0): number {
    return this.numberOrNull(name) ?? fallback;
  }

  /** A number, or null where the cluster does not know one (Flink says -1 for some of these: see `time`). */
  numberOrNull(name: string): number | null {
    const value = this.raw[name];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
    return null;
  }

  /** Milliseconds since the epoch; what is not yet known (-1) is null. */
  time(name: string): number | null {
    const value = this.numberOrNull(name);
    return value === null || value < 0 ? null : value;
  }

  flag(name: string): boolean {
    return this.raw[name] === true || this.raw[name] === 'true';
  }

  fields(name: string): Fields {
    return new Fields(this.raw[name]);
  }

  /** A nested object, or null if there is none. */
  maybe(name: string): Fields | null {
    return isRecord(this.raw[name]) ? this.fields(name) : null;
  }

  list<T>(name: string, decode: (item: Fields) => T): T[] {
    const value = this.raw[name];
    return Array.isArray(value) ? value.map((item) => decode(new Fields(item))) : [];
  }

  texts(name: string): string[] {
    const value = this.raw[name];
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  }

  /** The numbers of an object, such as counts by state. */
  numbers(name: string): Record<string, number> {
    const inner = this.fields(name);
    const numbers: Record<string, number> = {};
    for (const key of Object.keys(inner.raw)) numbers[key] = inner.number(key);
    return numbers;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
