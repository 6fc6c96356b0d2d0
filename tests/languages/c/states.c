/* Words with a timer at the end of the input, and a process function with every kind of state. */
#include "jobs.h"

WM_RECORD(word_count, WM_FIELD(word_count, word, &wm_text), WM_FIELD(word_count, count, &wm_long));
WM_RECORD(digest, WM_FIELD(digest, auction, &wm_long), WM_FIELD(digest, fold, &wm_long), WM_FIELD(digest, listed, &wm_long));

/* ---- J7: runs of ASCII letters and digits, in lower case ---- */

static char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? (char)(letter + 'a' - 'A') : letter; }

static bool is_word(char letter) {
  letter = lower(letter);
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

static void words(wm_ctx *ctx, const void *record) {
  const wm_string *line = record;
  char *text = wm_alloc(ctx, line->len);
  for (size_t i = 0; i < line->len; i++) text[i] = lower(line->ptr[i]);
  for (size_t i = 0; i < line->len;) {
    size_t end = i;
    while (end < line->len && is_word(text[end])) end++;
    if (end > i) wm_emit(ctx, &(wm_string){text + i, end - i});
    i = end + 1;
  }
}

static void by_word(wm_ctx *ctx, const void *record, void *key) {
  (void)ctx;
  *(wm_string *)key = *(const wm_string *)record;
}

enum { COUNT };
static const wm_state_def word_states[] = {{"count", WM_VALUE, &wm_long, NULL}};

static void count_word(wm_ctx *ctx, const void *record) {
  const options *o = wm_data(ctx);
  word_count counted = {*(const wm_string *)record, 0};
  wm_value_get(ctx, COUNT, &counted.count);
  counted.count++;
  wm_value_set(ctx, COUNT, &counted.count);
  if (o->all) wm_emit(ctx, &counted);
  else if (counted.count == 1) wm_register_timer(ctx, WM_EVENT_TIME, INT64_MAX);
}

static void tell_word(wm_ctx *ctx, wm_domain domain) {
  (void)domain;
  word_count counted = {*(const wm_string *)wm_key(ctx), 0};
  wm_value_get(ctx, COUNT, &counted.count);
  wm_emit(ctx, &counted);
}

void count_words(wm_env *env, const options *o) {
  options *kept = wm_env_alloc(env, sizeof *kept);
  *kept = *o;
  wm_process_def *def = wm_env_alloc(env, sizeof *def);
  *def = (wm_process_def){.element = count_word, .timer = tell_word, .states = word_states, .state_count = 1, .data = kept};
  wm_stream *lines = wm_source(env, &wm_text, wm_text_files(env, o->file));
  wm_keyed *keyed = wm_key_by(wm_flat_map(lines, &wm_text, words, NULL), &wm_text, by_word, NULL);
  wm_sink(wm_process(keyed, &word_count_type, def), result_sink(env, o));
}

/* ---- states ---- */

enum { BIDS, LISTED, SUMS };
static const wm_state_def digest_states[] = {
    {"count", WM_VALUE, &wm_long, NULL}, {"listed", WM_LIST, &wm_long, NULL}, {"sums", WM_MAP, &wm_long, &wm_long}};
enum { ROUND };

/* A processing-time timer is registered for each auction once and moved once. */
static void digest_bid(wm_ctx *ctx, const void *record) {
  const bid *next = record;
  int64_t count = 0, sum = 0, bidder = next->bidder % 10, now = wm_processing_time(ctx);
  wm_value_get(ctx, BIDS, &count);
  if (count++ == 0) {
    wm_register_timer(ctx, WM_EVENT_TIME, INT64_MAX);
    wm_register_timer(ctx, WM_PROCESSING_TIME, now + 1);
    wm_register_timer(ctx, WM_PROCESSING_TIME, now + 2);
    wm_delete_timer(ctx, WM_PROCESSING_TIME, now + 1);
  }
  wm_value_set(ctx, BIDS, &count);
  wm_map_get(ctx, SUMS, &bidder, &sum);
  sum += next->price;
  wm_map_put(ctx, SUMS, &bidder, &sum);
  if (next->price % 7 == 0) wm_list_add(ctx, LISTED, &next->price);
  if (next->price % 100 == 0) wm_emit_side(ctx, ROUND, &(pair){next->auction, next->price});
}

static void tell_digest(wm_ctx *ctx, wm_domain domain) {
  digest told = {*(const int64_t *)wm_key(ctx), 0, 0};
  if (domain == WM_EVENT_TIME) {
    wm_array bidders, sums;
    wm_map_entries(ctx, SUMS, &bidders, &sums);
    for (size_t i = 0; i < sums.count; i++)
      told.fold = (told.fold * 31 + ((const int64_t *)bidders.items)[i] * 7 + ((const int64_t *)sums.items)[i]) % 1000000007;
    told.listed = (int64_t)wm_list_get(ctx, LISTED).count;
    wm_list_clear(ctx, LISTED);
    wm_map_clear(ctx, SUMS);
    wm_value_clear(ctx, BIDS);
  }
  wm_emit(ctx, &told);
}

static void side_digest(wm_ctx *ctx, const void *record, void *result) {
  (void)ctx;
  const pair *side = record;
  *(digest *)result = (digest){side->key, -1, side->one};
}

void states(wm_env *env, const options *o) {
  wm_side_def *side = wm_env_alloc(env, sizeof *side);
  *side = (wm_side_def){"round", pair_type_of_jobs};
  wm_process_def *def = wm_env_alloc(env, sizeof *def);
  *def = (wm_process_def){.element = digest_bid, .timer = tell_digest, .states = digest_states, .state_count = 3,
                          .sides = side, .side_count = 1};
  wm_stream *digests = wm_process(wm_key_by(timed_bids(env, o), &wm_long, by_auction, NULL), &digest_type, def);
  wm_stream *sides = wm_map(wm_side(digests, ROUND), &digest_type, side_digest, NULL);
  wm_sink(wm_union(digests, sides), result_sink(env, o));
}
