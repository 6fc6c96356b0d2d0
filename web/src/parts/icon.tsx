/** Line drawings for navigation and buttons. Decoration only: the words are beside them or in a label. */
const PATHS = {
  overview: 'M2 13V9m4 4V5m4 8V7m4 6V2',
  jobs: 'M2 3.500h12M2 8h12M2 12.500h8',
  submit: 'M8 11V2m0 0L4.500 5.500M8 2l3.500 3.500M2 11v3h12v-3',
  component: 'M8 1.500 14 5v6l-6 3.500L2 11V5zM2 5l6 3.500L14 5M8 8.500v6',
  worker: 'M2 3h12v4H2zm0 6h12v4H2zM4.500 5h.01M4.500 11h.01',
  config: 'M2 4h6m4 0h2M2 12h2m4 0h6M10 2.500v3m-4 5v3',
  savepoint: 'M4 2h8v12l-4-3-4 3z',
  stop: 'M3.500 3.500h9v9h-9z',
  cancel: 'M3.500 3.500l9 9m0-9-9 9',
  close: 'M4 4l8 8m0-8-8 8',
  command: 'M2.500 4 6 8l-3.500 4M8 12h5.500',
  copy: 'M5.500 5.500V2.500h8v8h-3m-8-5h8v8h-8z',
  check: 'M3 8.500 6.500 12 13 4',
  warning: 'M8 2 15 14H1zm0 4.500V10m0 2v.01',
  info: 'M8 7v4.500M8 4.500v.01M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13',
  search: 'M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2m3.600 8.600L14 14',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.500m0 11V15M1 8h1.500m11 0H15M3 3l1 1m8 8 1 1M3 13l1-1m8-8 1-1',
  moon: 'M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z',
  system: 'M2 3h12v8H2zm4 11h4',
  refresh: 'M13.500 8a5.500 5.500 0 1 1-1.600-3.900M13.500 1.500v3h-3',
  play: 'M4.500 2.500v11l9-5.500z',
  source: 'M2 8h9m-3.500-3.500L11 8l-3.500 3.500M14 3v10',
  sink: 'M2 3v10M5 8h9m-3.500-3.500L14 8l-3.500 3.500',
  operator: 'M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3',
  fit: 'M2 6V2h4m4 0h4v4m0 4v4h-4m-4 0H2v-4',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  scale: 'M9 2h5v5M7 14H2V9m12-7L9 7m-7 7 5-5',
  trash: 'M3 4h10M6 4V2.500h4V4M4.500 4l.5 9.500h6l.5-9.500',
  download: 'M8 2v9m0 0L4.500 7.500M8 11l3.500-3.500M2 14h12',
  down: 'M4 6l4 4 4-4',
  up: 'M4 10l4-4 4 4',
  question: 'M6 6a2 2 0 1 1 3 1.700c-.7.400-1 .8-1 1.600M8 11.500v.01M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13',
  key: 'M10 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8M7 9l-5 5m2-2 1.500 1.500',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, label }: { name: IconName; label?: string }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      role={label === undefined ? undefined : 'img'}
      aria-label={label}
      aria-hidden={label === undefined ? 'true' : undefined}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
