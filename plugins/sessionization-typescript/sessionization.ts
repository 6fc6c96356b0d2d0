// Sessionization: the clicks of a user become sessions, which end when the user has been away for half an hour.
//
// A session has no length that is known in advance: its window grows with every click, and two windows become one when
// a click comes between them. Clicks that come after their session was closed go to an output of their own.

import {
  type Aggregate,
  array,
  type Connector,
  type Env,
  type Infer,
  jsonLines,
  long,
  OutputTag,
  print,
  record,
  session,
  string,
  textFiles,
  tuple,
  Watermarks,
} from "wasmill";

/** Minutes without a click that end a session. */
const GAP_SECS = 30 * 60;
/** How late clicks usually are, at most. */
const OUT_OF_ORDER_MS = 120_000;

/** A page that was visited, as a line of the input has it. */
export const Click = record("Click", { user: string, at_ms: long, page: string });
export type Click = Infer<typeof Click>;

/** A visit: from the first click to the last, with the pages in the order of the clicks. */
export const Visit = record("Visit", {
  user: string,
  start_ms: long,
  end_ms: long,
  clicks: long,
  pages: array(string),
});
export type Visit = Infer<typeof Visit>;

/** Times and pages, in the order in which they came. */
const Clicks = array(tuple(long, string));
type Clicks = Infer<typeof Clicks>;

/** Gathers the clicks of a session; its result has them by time. */
const gather: Aggregate<Click, Clicks, Clicks> = {
  accumulator: Clicks,
  output: Clicks,
  create: () => [],
  add: (clicks, click) => [...clicks, [click.at_ms, click.page]],
  merge: (clicks, others) => [...clicks, ...others],
  result: (clicks) => [...clicks].sort(([a], [b]) => a - b),
};

/** What the clicks of a session come to; there is at least one. */
function visit(user: string, clicks: Clicks): Visit {
  const times = clicks.map(([time]) => time);
  return {
    user,
    start_ms: times[0] ?? 0,
    end_ms: times.at(-1) ?? 0,
    clicks: clicks.length,
    pages: clicks.map(([, page]) => page),
  };
}

export default function sessionization(env: Env): void {
  const path = env.param("path", string, {
    default: "plugins/sessionization/data/clicks.jsonl",
    describe: "files of clicks, one JSON object a line",
  });
  const out = env.param("out", string, { default: "", describe: "directory to write to, else print" });
  const rate = env.param("rate", long, {
    default: 0,
    describe: "clicks to read a second, 0 for as many as possible",
  });
  /** Files below a directory, or the terminal. */
  const sink = (name: string): Connector<unknown> => (out === "" ? print() : textFiles(`${out}/${name}`));

  const late = new OutputTag("late", Click);
  const sessions = env
    .source(jsonLines(path, Click, rate > 0 ? { rate } : {}))
    .uid("clicks")
    .assignTimestamps((click) => click.at_ms, Watermarks.boundedMs(OUT_OF_ORDER_MS))
    .keyBy("user")
    .window(session.withGapSecs(GAP_SECS))
    .lateOutput(late)
    .aggregateWith(gather, Visit, (user, _window, clicks) => visit(user, clicks))
    .uid("sessions")
    .name("sessions");
  sessions.sideOutput(late).sink(sink("late")).uid("late");
  sessions.sink(sink("sessions")).uid("out");
}
