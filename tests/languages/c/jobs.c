#include "jobs.h"

#include <string.h>

const char *const wm_job_name = "languages-c";

WM_RECORD(bid, WM_FIELD(bid, auction, &wm_long), WM_FIELD(bid, bidder, &wm_long), WM_FIELD(bid, price, &wm_long),
          WM_FIELD(bid, ts, &wm_long));
WM_RECORD(pair, WM_FIELD(pair, key, &wm_long), WM_FIELD(pair, one, &wm_long));
WM_RECORD(auction_count, WM_FIELD(auction_count, window_start, &wm_long), WM_FIELD(auction_count, auction, &wm_long),
          WM_FIELD(auction_count, count, &wm_long));
WM_RECORD(bidder_session, WM_FIELD(bidder_session, window_start, &wm_long), WM_FIELD(bidder_session, bidder, &wm_long),
          WM_FIELD(bidder_session, count, &wm_long));

const wm_type *const bid_type_of_jobs = &bid_type, *const pair_type_of_jobs = &pair_type;

wm_connector *result_sink(wm_env *env, const options *o) {
  return o->out.len == 0 ? wm_checksum(env) : wm_text_files(env, o->out);
}

static wm_connector *generator(wm_env *env, const char *data, const options *o) {
  wm_connector *connector = wm_with_long(wm_with_long(wm_generator(env, data), "events", o->n), "keys", o->keys);
  return o->rate == 0 ? connector : wm_with_long(connector, "rate", o->rate);
}

static int64_t bid_time(wm_ctx *ctx, const void *record) {
  (void)ctx;
  return ((const bid *)record)->ts;
}

wm_stream *timed_bids(wm_env *env, const options *o) {
  wm_stream *raw = wm_source(env, &bid_type, wm_with_long(generator(env, "bids", o), "epm", o->epm));
  return wm_assign_timestamps(raw, (wm_watermarks){.max_out_of_orderness = 100}, bid_time, NULL);
}

/* ---- J2: a running sum per key, told with every record ---- */

static void by_pair(wm_ctx *ctx, const void *record, void *key) {
  (void)ctx;
  *(int64_t *)key = ((const pair *)record)->key;
}

enum { SUM };
static const wm_state_def sum_states[] = {{"sum", WM_VALUE, &wm_long, NULL}};

static void add_pair(wm_ctx *ctx, const void *record) {
  pair told = *(const pair *)record;
  int64_t sum = 0;
  wm_value_get(ctx, SUM, &sum);
  sum += told.one;
  wm_value_set(ctx, SUM, &sum);
  told.one = sum;
  wm_emit(ctx, &told);
}

static const wm_process_def running_sum = {.element = add_pair, .states = sum_states, .state_count = 1};

static void running_count(wm_env *env, const options *o) {
  wm_stream *pairs = wm_uid(wm_source(env, &pair_type, generator(env, "pairs", o)), "source");
  wm_stream *sums = wm_process(wm_key_by(pairs, &wm_long, by_pair, NULL), &pair_type, &running_sum);
  wm_sink(wm_uid(sums, "count"), result_sink(env, o));
}

/* ---- J4, J5 and J8: windows ---- */

void by_auction(wm_ctx *ctx, const void *record, void *key) {
  (void)ctx;
  *(int64_t *)key = ((const bid *)record)->auction;
}

static void by_bidder(wm_ctx *ctx, const void *record, void *key) {
  (void)ctx;
  *(int64_t *)key = ((const bid *)record)->bidder;
}

static void add_one(wm_ctx *ctx, void *acc, const void *record) {
  (void)ctx, (void)record;
  ++*(int64_t *)acc;
}

static void add_both(wm_ctx *ctx, void *acc, const void *later) {
  (void)ctx;
  *(int64_t *)acc += *(const int64_t *)later;
}

/* auction_count and bidder_session have one layout. */
static void count_of_window(wm_ctx *ctx, const void *acc, const wm_window *window, void *result) {
  (void)ctx;
  *(auction_count *)result = (auction_count){window->start, *(const int64_t *)window->key, *(const int64_t *)acc};
}

static const wm_aggregate_def counting = {.acc = &wm_long, .add = add_one, .merge = add_both, .result = count_of_window};

static wm_stream *counts(wm_env *env, const options *o, wm_windows windows) {
  wm_keyed *keyed = wm_key_by(timed_bids(env, o), &wm_long, by_auction, NULL);
  return wm_aggregate(keyed, windows, &auction_count_type, &counting);
}

static void together(wm_ctx *ctx, const void *record, void *key) { (void)ctx, (void)record, (void)key; }

static void keep_hottest(wm_ctx *ctx, void *acc, const void *record) {
  (void)ctx;
  auction_count *best = acc;
  const auction_count *next = record;
  if (next->count > best->count || (next->count == best->count && next->auction < best->auction)) *best = *next;
}

static void hottest_of_window(wm_ctx *ctx, const void *acc, const wm_window *window, void *result) {
  (void)ctx, (void)window;
  *(auction_count *)result = *(const auction_count *)acc;
}

static const wm_aggregate_def hottest = {.acc = &auction_count_type, .add = keep_hottest, .result = hottest_of_window};

static void hot_auctions(wm_env *env, const options *o) {
  /* Exactly one sliding window ends in each window of two seconds. */
  wm_keyed *all = wm_key_by(counts(env, o, wm_sliding(10000, 2000)), &wm_long, together, NULL);
  wm_stream *best = wm_aggregate(all, wm_tumbling(2000), &auction_count_type, &hottest);
  wm_sink(wm_parallelism(best, 1), result_sink(env, o));
}

static void sessions(wm_env *env, const options *o) {
  wm_keyed *keyed = wm_key_by(timed_bids(env, o), &wm_long, by_bidder, NULL);
  wm_sink(wm_aggregate(keyed, wm_session(5000), &bidder_session_type, &counting), result_sink(env, o));
}

void wm_job(wm_env *env) {
  static const int64_t thousand = 1000, hundred = 100, one = 1, none = 0;
  wm_string job = wm_param_text(env, "job", "J2", "J2, J4, J5, J7, J8, states or connectors");
  options o = {
      .n = wm_param_long(env, "n", &thousand, "how many records to generate"),
      .keys = wm_param_long(env, "keys", &hundred, "how many different keys"),
      .epm = wm_param_long(env, "epm", &one, "records in a millisecond of event time"),
      .rate = wm_param_long(env, "rate", &none, "records a second, 0 for as many as possible"),
      .out = wm_param_text(env, "out", "", "directory for results instead of a checksum"),
      .file = wm_param_text(env, "file", "words.txt", "text files for J7"),
  };
  o.all = wm_string_equal(wm_param_text(env, "emit", "all", "J7: all updates or final counts"), wm_string_of("all"));
  if (wm_string_equal(job, wm_string_of("J2"))) running_count(env, &o);
  else if (wm_string_equal(job, wm_string_of("J4"))) wm_sink(counts(env, &o, wm_tumbling(10000)), result_sink(env, &o));
  else if (wm_string_equal(job, wm_string_of("J5"))) hot_auctions(env, &o);
  else if (wm_string_equal(job, wm_string_of("J7"))) count_words(env, &o);
  else if (wm_string_equal(job, wm_string_of("J8"))) sessions(env, &o);
  else if (wm_string_equal(job, wm_string_of("states"))) states(env, &o);
  else if (wm_string_equal(job, wm_string_of("connectors"))) connectors(env, &o);
  else wm_env_fail(env, "there is no such job");
}
