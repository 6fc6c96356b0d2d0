/** Avro schemas in few words. */
import { Fields } from '../api/fields';

/** A type by its name alone: `Payment`, `array<long>`, `string?`. */
export function typeName(schema: unknown): string {
  if (typeof schema === 'string') return schema;
  if (Array.isArray(schema)) return union(schema);
  const fields = new Fields(schema);
  const type = fields.raw['type'];
  switch (type) {
    case 'record':
    case 'enum':
    case 'fixed':
      return fields.text('name', String(type));
    case 'array':
      return `array<${typeName(fields.raw['items'])}>`;
    case 'map':
      return `map<${typeName(fields.raw['values'])}>`;
    case undefined:
      return '';
    default:
      return typeof type === 'string' ? fields.text('logicalType', type) : typeName(type);
  }
}

function union(branches: readonly unknown[]): string {
  const others = branches.filter((branch) => branch !== 'null');
  if (others.length < branches.length && others.length === 1) return `${typeName(others[0])}?`;
  return branches.map(typeName).join(' | ');
}

/** A type with what is in it, one level deep: `Payment { id: long, account: string }`. */
export function typeWords(schema: unknown): string {
  const fields = new Fields(schema);
  if (fields.raw['type'] !== 'record') return typeName(schema);
  const members = fields.list('fields', (field) => `${field.text('name')}: ${typeName(field.raw['type'])}`);
  return `${typeName(schema)} { ${members.join(', ')} }`;
}
