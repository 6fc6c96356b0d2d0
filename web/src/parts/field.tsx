/** A labeled field of a form, with a hint or what is wrong below it. */
import type { ComponentChildren } from 'preact';

export function Field({
  id,
  label,
  hint,
  fault,
  children,
}: {
  id: string;
  label: ComponentChildren;
  hint?: ComponentChildren;
  fault?: string | null;
  children: ComponentChildren;
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {fault !== undefined && fault !== null ? (
        <span class="fault" id={`${id}-note`}>
          {fault}
        </span>
      ) : (
        hint !== undefined &&
        hint !== '' && (
          <span class="hint" id={`${id}-note`}>
            {hint}
          </span>
        )
      )}
    </div>
  );
}

export function TextInput({
  id,
  value,
  change,
  placeholder,
  fault,
  list,
  numeric,
}: {
  id: string;
  value: string;
  change: (value: string) => void;
  placeholder?: string;
  fault?: boolean;
  /** The id of a list of suggestions. */
  list?: string;
  numeric?: boolean;
}) {
  return (
    <input
      class="input"
      id={id}
      name={id}
      value={value}
      placeholder={placeholder}
      list={list}
      inputMode={numeric ? 'numeric' : undefined}
      spellcheck={false}
      autocomplete="off"
      aria-invalid={fault ? 'true' : undefined}
      aria-describedby={`${id}-note`}
      onInput={(event) => change(event.currentTarget.value)}
    />
  );
}

export function Select({
  id,
  value,
  change,
  options,
}: {
  id: string;
  value: string;
  change: (value: string) => void;
  options: readonly { id: string; words: string }[];
}) {
  return (
    <select class="select" id={id} name={id} value={value} onChange={(event) => change(event.currentTarget.value)}>
      {options.map((option) => (
        <option key={option.id} value={option.id}>
          {option.words}
        </option>
      ))}
    </select>
  );
}
