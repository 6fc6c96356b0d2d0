/** A drawing that can be moved and zoomed: edges below, nodes above. What is in a node is its caller's business. */
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import { place, type Box, type Link } from '../model/graph_layout';
import { Icon } from './icon';

export interface EdgeLook {
  /** 0 to 1. */
  weight: number;
  /** A class for its colour. */
  tone: string;
  /** Above the line. */
  label: ComponentChildren;
  /** Below the line. */
  note: ComponentChildren;
}

interface View {
  x: number;
  y: number;
  scale: number;
}

const SCALE = { least: 0.3, most: 1.6 };

export function GraphView({
  boxes,
  links,
  node,
  edge,
  label,
  tall,
}: {
  boxes: readonly Box[];
  links: readonly Link[];
  node: (id: string) => ComponentChildren;
  edge: (link: Link) => EdgeLook;
  label: string;
  tall?: boolean;
}) {
  const shape = JSON.stringify([boxes, links]);
  const layout = useMemo(() => place(boxes, links), [shape]);
  const frame = useRef<HTMLDivElement>(null);
  const { view, fit, zoom, drag } = useView(frame, layout.width, layout.height, shape);
  return (
    <div
      class={`graph ${tall ? 'tall' : ''}`}
      ref={frame}
      role="group"
      aria-label={label}
      style={{ height: `${Math.min(Math.max(layout.height + 16, 150), tall ? 520 : 340)}px` }}
      onPointerDown={drag}
    >
      <div class="graph-plane" style={{ transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` }}>
        <svg class="graph-edges" width={layout.width} height={layout.height} aria-hidden="true">
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" markerUnits="userSpaceOnUse">
              <path d="M0 0 8 4 0 8z" class="graph-arrow" />
            </marker>
          </defs>
          {layout.routes.map((route) => {
            const look = edge(route);
            return (
              <path
                key={`${route.from}>${route.to}#${route.num}`}
                d={route.path}
                class={`graph-edge ${look.tone}`}
                style={{ strokeWidth: `${1.2 + 2.6 * look.weight}px` }}
                marker-end="url(#arrow)"
              />
            );
          })}
        </svg>
        {layout.routes.map((route) => {
          const look = edge(route);
          return (
            <div
              key={`${route.from}>${route.to}#${route.num}`}
              class="graph-label"
              style={{ left: `${route.x}px`, top: `${route.y}px` }}
            >
              <span>{look.label}</span>
              <span class="faint">{look.note}</span>
            </div>
          );
        })}
        {layout.boxes.map((box) => (
          <div
            key={box.id}
            class="graph-box"
            style={{ left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` }}
          >
            {node(box.id)}
          </div>
        ))}
      </div>
      <div class="graph-tools">
        <button type="button" class="button bare small" aria-label={t('graph.zoomIn')} onClick={() => zoom(1.25)}>
          <Icon name="plus" />
        </button>
        <button type="button" class="button bare small" aria-label={t('graph.zoomOut')} onClick={() => zoom(0.8)}>
          <Icon name="minus" />
        </button>
        <button type="button" class="button bare small" aria-label={t('graph.fit')} onClick={fit}>
          <Icon name="fit" />
        </button>
      </div>
    </div>
  );
}

/** Which part of the plane is seen. It fits by itself until the user moves it. */
function useView(frame: { current: HTMLDivElement | null }, width: number, height: number, shape: string) {
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const moved = useRef(false);

  const fit = (): void => {
    const element = frame.current;
    if (element === null || width === 0) return;
    const [w, h] = [element.clientWidth, element.clientHeight];
    const scale = Math.max(Math.min(w / width, h / height, 1), SCALE.least);
    setView({ scale, x: Math.max((w - width * scale) / 2, 0), y: Math.max((h - height * scale) / 2, 0) });
    moved.current = false;
  };

  const zoomAt = (factor: number, px: number, py: number): void => {
    moved.current = true;
    setView((old) => {
      const scale = Math.min(Math.max(old.scale * factor, SCALE.least), SCALE.most);
      const by = scale / old.scale;
      return { scale, x: px - (px - old.x) * by, y: py - (py - old.y) * by };
    });
  };

  useEffect(() => {
    moved.current = false;
    fit();
    const element = frame.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      if (!moved.current) fit();
    });
    observer.observe(element);
    // Plain scrolling belongs to the page; with a modifier, or a pinch, it zooms.
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const bounds = element.getBoundingClientRect();
      zoomAt(Math.exp(-event.deltaY / 300), event.clientX - bounds.left, event.clientY - bounds.top);
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener('wheel', wheel);
    };
  }, [shape]);

  const drag = (event: PointerEvent): void => {
    if (event.button !== 0 || (event.target as Element).closest('.graph-box, .graph-tools') !== null) return;
    const start = { x: event.clientX - view.x, y: event.clientY - view.y };
    const move = (to: PointerEvent): void => {
      moved.current = true;
      setView((old) => ({ ...old, x: to.clientX - start.x, y: to.clientY - start.y }));
    };
    const end = (): void => {
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', end);
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', end);
  };

  const zoom = (factor: number): void => {
    const element = frame.current;
    if (element !== null) zoomAt(factor, element.clientWidth / 2, element.clientHeight / 2);
  };
  return { view, fit, zoom, drag };
}
