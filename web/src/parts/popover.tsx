/** A button with a small window below it, closed by Escape or a click elsewhere. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { onEscape } from '../model/shortcuts';
import { Icon, type IconName } from './icon';

export function Popover({
  icon,
  label,
  left,
  className,
  children,
}: {
  icon: IconName;
  label: string;
  /** Hangs from the left edge of the button instead of the right one. */
  left?: boolean;
  className?: string;
  children: () => ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const unlisten = onEscape(() => setOpen(false));
    const outside = (event: MouseEvent): void => {
      if (event.target instanceof Node && anchor.current?.contains(event.target) === false) setOpen(false);
    };
    document.addEventListener('mousedown', outside);
    return () => {
      unlisten();
      document.removeEventListener('mousedown', outside);
    };
  }, [open]);
  return (
    <span class="popover-anchor" ref={anchor}>
      <button
        type="button"
        class={className ?? 'button'}
        aria-label={label}
        title={label}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name={icon} />
      </button>
      {open && (
        <div class={`popover ${left ? 'left' : ''}`} role="dialog" aria-label={label}>
          {children()}
        </div>
      )}
    </span>
  );
}
