/* Jobs of the process tests in C: the questions of plugins/bench, with the same answers, and two that touch every kind of
 * state, timers, side outputs, and a source and a sink of its own. */
#include "wasmill.h"

typedef struct {
  int64_t n, keys, epm, rate;
  wm_string out, file;
  bool all;
} options;

typedef struct {
  int64_t auction, bidder, price, ts;
} bid;

typedef struct {
  int64_t key, one;
} pair;

typedef struct {
  int64_t window_start, auction, count;
} auction_count;

typedef struct {
  int64_t window_start, bidder, count;
} bidder_session;

typedef struct {
  wm_string word;
  int64_t count;
} word_count;

/* What the job `states` tells of an auction when the input ends: the sums of its prices by bidder modulo 10, folded in
 * the order of the map, and how many of its bids were listed. */
typedef struct {
  int64_t auction, fold, listed;
} digest;

extern const wm_type *const bid_type_of_jobs, *const pair_type_of_jobs;

wm_connector *result_sink(wm_env *env, const options *o);
wm_stream *timed_bids(wm_env *env, const options *o);
void by_auction(wm_ctx *ctx, const void *record, void *key);
void count_words(wm_env *env, const options *o);
void states(wm_env *env, const options *o);
void connectors(wm_env *env, const options *o);
