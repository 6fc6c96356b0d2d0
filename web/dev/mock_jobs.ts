/** The jobs of the mock cluster: graphs small and large, one of each state, one with back-pressure. */

export interface MockVertex {
  id: string;
  /** uid, name and kind of each operator of the chain. */
  operators: [uid: string, name: string, kind: string, states?: string[]][];
  inputs: [id: string, strategy: string][];
  parallelism: number;
  /** Records a second in and out. */
  in: number;
  out: number;
  busy: number;
  backPressured: number;
  queueFill: number;
  /** Milliseconds that its watermark is behind; null for none. */
  lag: number | null;
  stateBytes: number;
  late?: number;
}

export interface MockJob {
  jid: string;
  name: string;
  state: string;
  ageMs: number;
  endedMs: number | null;
  restarts: number;
  vertices: MockVertex[];
  checkpointMs: number;
}

function vertex(
  id: string,
  operators: MockVertex['operators'],
  inputs: MockVertex['inputs'],
  figures: Partial<MockVertex>,
): MockVertex {
  return {
    id,
    operators,
    inputs,
    parallelism: 2,
    in: 0,
    out: 0,
    busy: 0.1,
    backPressured: 0,
    queueFill: 0.02,
    lag: null,
    stateBytes: 0,
    ...figures,
  };
}

const FRAUD: MockVertex[] = [
  vertex('0', [['payments', 'text files', 'source'], ['assign-timestamps-1', 'assign_timestamps', 'operator'], ['key-by-2', 'key_by', 'operator']], [],
    { in: 0, out: 48_200, busy: 0.42, lag: 1400 }),
  vertex('1', [['detect', 'detect', 'operator', ['habit', 'suspicion']], ['alerts', 'print', 'sink']], [['0', 'HASH']],
    { in: 48_100, out: 12, busy: 0.61, lag: 1450, stateBytes: 48_234_567, queueFill: 0.11 }),
];

const ORDERS: MockVertex[] = [
  vertex('0', [['orders', 'orders from files', 'source'], ['order-times', 'assign_timestamps', 'operator'], ['order-key', 'key_by', 'operator']], [],
    { out: 12_400, busy: 0.21, backPressured: 0.63, lag: 3100, parallelism: 4 }),
  vertex('1', [['rates', 'exchange rates', 'source'], ['rate-times', 'assign_timestamps', 'operator'], ['rate-key', 'key_by', 'operator']], [],
    { out: 35, busy: 0.01, lag: 61_000, parallelism: 1 }),
  vertex('2', [['convert', 'convert currency', 'operator', ['rate']], ['enrich', 'enrich with customer', 'operator'], ['customer-key', 'key_by', 'operator']], [['0', 'HASH'], ['1', 'BROADCAST']],
    { in: 12_435, out: 12_380, busy: 0.34, backPressured: 0.55, queueFill: 0.86, lag: 61_200, parallelism: 4, stateBytes: 1_234_567 }),
  vertex('3', [['sessions', 'customer sessions', 'operator', ['panes', 'merging-windows']], ['rank', 'top customers', 'operator', ['top']]], [['2', 'HASH']],
    { in: 12_380, out: 410, busy: 0.97, queueFill: 0.98, lag: 64_000, parallelism: 4, stateBytes: 1_812_345_678, late: 1234 }),
  vertex('4', [['archive', 'archive', 'sink']], [['3', 'FORWARD']], { in: 410, busy: 0.02, lag: 64_500, parallelism: 4 }),
  vertex('5', [['alerts', 'alerts', 'operator'], ['alert-socket', 'socket', 'sink']], [['3', 'REBALANCE']], { in: 410, busy: 0.01, lag: 64_500, parallelism: 1 }),
];

const WORDS: MockVertex[] = [
  vertex('0', [['text-files-0', 'text files', 'source'], ['flat-map-1', 'flat_map', 'operator'], ['key-by-2', 'key_by', 'operator']], [], { out: 0 }),
  vertex('1', [['process-3', 'process', 'operator', ['seen']], ['map-4', 'map', 'operator'], ['print-5', 'print', 'sink']], [['0', 'HASH']], {}),
];

const HOUR = 3_600_000;

function job(jid: number, name: string, state: string, vertices: MockVertex[], other: Partial<MockJob>): MockJob {
  return {
    jid: `${jid.toString(16).padStart(4, '0')}7a01c0ffee${jid.toString(16).padStart(18, '0')}`,
    name,
    state,
    ageMs: HOUR,
    endedMs: null,
    restarts: 0,
    vertices,
    checkpointMs: 10_000,
    ...other,
  };
}

export function mockJobs(): MockJob[] {
  return [
    job(1, 'fraud-detection', 'RUNNING', FRAUD, { ageMs: 3 * HOUR + 1_234_000 }),
    job(2, 'orders-by-customer', 'RUNNING', ORDERS, { ageMs: 26 * HOUR, restarts: 2 }),
    job(3, 'click-sessions', 'RESTARTING', ORDERS, { ageMs: 420_000, restarts: 5 }),
    job(4, 'word-count', 'FINISHED', WORDS, { ageMs: 2 * HOUR, endedMs: 2 * HOUR - 8_420 }),
    job(5, 'rule-alerts', 'CANCELED', FRAUD, { ageMs: 5 * HOUR, endedMs: HOUR }),
    job(6, 'log-anomalies', 'FAILED', FRAUD, { ageMs: HOUR, endedMs: HOUR / 3, restarts: 3 }),
    ...Array.from({ length: Number(process.env['MOCK_JOBS'] ?? 2) }, (_, index) =>
      job(16 + index, `etl-${index + 1}`, 'RUNNING', index % 2 === 0 ? FRAUD : ORDERS, { ageMs: (index + 2) * 700_000 }),
    ),
  ];
}
