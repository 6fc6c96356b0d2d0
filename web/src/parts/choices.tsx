/** A few choices of which one holds. */
export function Choices<T extends string>({
  label,
  choices,
  chosen,
  choose,
  small,
}: {
  label: string;
  choices: readonly { id: T; words: string }[];
  chosen: T;
  choose: (id: T) => void;
  small?: boolean;
}) {
  return (
    <div class={`choices ${small ? 'small' : ''}`} role="group" aria-label={label}>
      {choices.map(({ id, words }) => (
        <button key={id} type="button" class="choice" aria-pressed={id === chosen} onClick={() => choose(id)}>
          {words}
        </button>
      ))}
    </div>
  );
}
