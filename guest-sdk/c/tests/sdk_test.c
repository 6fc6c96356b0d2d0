/* What the C SDK promises, on a host in memory: rows, parameters, the plan, state, timers, windows, failures. */
#include "../wasmill.c"

#include "fake_host.h"

const char *const wm_job_name = "sdk-test";

typedef struct {
  wm_string user;
  int64_t at;
} click;

typedef struct {
  wm_string user;
  int64_t start, end, count;
} visit;

typedef struct {
  int64_t number;
  int32_t small;
  double ratio;
  float rough;
  bool yes;
  wm_string text, maybe;
  click inner;
  wm_array clicks;
} everything;

WM_RECORD(click, WM_FIELD(click, user, &wm_text), WM_FIELD(click, at, &wm_long));
WM_RECORD(visit, WM_FIELD(visit, user, &wm_text), WM_FIELD(visit, start, &wm_long), WM_FIELD(visit, end, &wm_long),
          WM_FIELD(visit, count, &wm_long));
WM_ARRAY_OF(clicks_type, &click_type);
WM_RECORD(everything, WM_FIELD(everything, number, &wm_long), WM_FIELD(everything, small, &wm_int),
          WM_FIELD(everything, ratio, &wm_double), WM_FIELD(everything, rough, &wm_float), WM_FIELD(everything, yes, &wm_boolean),
          WM_FIELD(everything, text, &wm_text), WM_NULLABLE(everything, maybe, &wm_text), WM_FIELD(everything, inner, &click_type),
          WM_FIELD(everything, clicks, &clicks_type));

static void by_user(wm_ctx *ctx, const void *record, void *key) {
  (void)ctx;
  *(wm_string *)key = ((const click *)record)->user;
}

static int64_t click_time(wm_ctx *ctx, const void *record) {
  (void)ctx;
  return ((const click *)record)->at;
}

static void add_one(wm_ctx *ctx, void *acc, const void *record) {
  (void)ctx, (void)record;
  ++*(int64_t *)acc;
}

static void add_both(wm_ctx *ctx, void *acc, const void *later) {
  (void)ctx;
  *(int64_t *)acc += *(const int64_t *)later;
}

static void to_visit(wm_ctx *ctx, const void *acc, const wm_window *window, void *result) {
  (void)ctx;
  *(visit *)result = (visit){*(const wm_string *)window->key, window->start, window->end, *(const int64_t *)acc};
}

static const wm_aggregate_def counting = {.acc = &wm_long, .add = add_one, .merge = add_both, .result = to_visit};

/* Every state in one function: a count, the times, and how many fell into each ten. */
enum { COUNT, TIMES, TENS };
static const wm_state_def states[] = {
    {"count", WM_VALUE, &wm_long, NULL}, {"times", WM_LIST, &wm_long, NULL}, {"tens", WM_MAP, &wm_long, &wm_long}};

static void on_click(wm_ctx *ctx, const void *record) {
  const click *c = record;
  int64_t count = 0, in_ten = 0, ten = c->at / 10;
  if (c->at < 0) {
    wm_fail(ctx, "time before time");
    return;
  }
  wm_value_get(ctx, COUNT, &count);
  count++;
  wm_value_set(ctx, COUNT, &count);
  wm_list_add(ctx, TIMES, &c->at);
  wm_map_get(ctx, TENS, &ten, &in_ten);
  in_ten++;
  wm_map_put(ctx, TENS, &ten, &in_ten);
  wm_register_timer(ctx, WM_EVENT_TIME, 90);
  wm_delete_timer(ctx, WM_EVENT_TIME, 90);
  wm_delete_timer(ctx, WM_EVENT_TIME, 100);
  wm_register_timer(ctx, WM_EVENT_TIME, 100);
}

/* Tells the user, the first and the last ten with its count, and the number of times. */
static void on_timer(wm_ctx *ctx, wm_domain domain) {
  (void)domain;
  wm_array tens, counts, times = wm_list_get(ctx, TIMES);
  wm_map_entries(ctx, TENS, &tens, &counts);
  const int64_t *ten = tens.items, *in_ten = counts.items;
  int64_t count = 0;
  wm_value_get(ctx, COUNT, &count);
  assert((size_t)count == times.count && tens.count == counts.count);
  visit told = {*(const wm_string *)wm_key(ctx), ten[0], ten[tens.count - 1], in_ten[tens.count - 1]};
  wm_emit(ctx, &told);
  wm_value_clear(ctx, COUNT);
  wm_list_clear(ctx, TIMES);
  wm_map_clear(ctx, TENS);
}

static const wm_process_def histories = {.element = on_click, .timer = on_timer, .states = states, .state_count = 3};

/* Numbers of the operators in the graph. */
enum { HISTORIES = 3, TUMBLING = 5, SLIDING = 7, SESSIONS = 9 };

void wm_job(wm_env *env) {
  static const int64_t limit = 7;
  wm_string path = wm_param_text(env, "path", NULL, "where \"clicks\" are");
  wm_param_long(env, "limit", &limit, "");
  wm_stream *source = wm_uid(wm_source(env, &click_type, wm_json_lines(env, path)), "clicks");
  wm_keyed *keyed = wm_key_by(wm_assign_timestamps(source, (wm_watermarks){100, 0}, click_time, NULL), &wm_text, by_user, NULL);
  wm_sink(wm_process(keyed, &visit_type, &histories), wm_print(env));
  wm_sink(wm_aggregate(keyed, wm_tumbling(100), &visit_type, &counting), wm_print(env));
  wm_sink(wm_aggregate(keyed, wm_sliding(100, 30), &visit_type, &counting), wm_print(env));
  wm_sink(wm_aggregate(keyed, wm_session(20), &visit_type, &counting), wm_print(env));
}

/* ---- The harness of one operator ---- */

static uint32_t operator_number;

static void open_fresh(void) {
  static const char *const names[] = {"count", "times", "tens"}, *const window[] = {"window-contents"};
  bool is_window = operator_number != HISTORIES;
  complete_tuple2_string_string_t path = {{(uint8_t *)"path", 4}, {(uint8_t *)"in", 2}};
  fake_open(path, operator_number, is_window ? 2 : 1, is_window ? window : names, is_window ? 1 : 3);
}

static bool push(const click *clicks, size_t count) {
  wm_batch batch = {0};
  for (size_t i = 0; i < count; i++) {
    row_encode(&batch.keys.data, &wm_text, &clicks[i].user);
    column_close(&batch.keys, false);
    row_encode(&batch.values.data, &click_type, &clicks[i]);
    column_close(&batch.values, false);
    batch_push(&batch, clicks[i].at);
  }
  wire_batch wire = batch_wire(&batch);
  uint32_t done = 0;
  open_fresh();
  bool good = exports_wasmill_dataflow_operator_process(&fake_now, 0, &wire, &done, &fake_failure);
  assert(!good || done == count);
  return good;
}

static void watermark(int64_t time) {
  fake_now.watermark = time;
  for (;;) {
    wire_timers due = fake_due(0, time);
    uint32_t done = 0;
    if (due.count == 0) return;
    open_fresh();
    assert(exports_wasmill_dataflow_operator_on_timers(&fake_now, 0, &due, &done, &fake_failure));
    assert(done == due.count);
  }
}

static visit result(size_t i) {
  static wm_arena arena;
  visit told;
  complete_list_u8_t bytes = emitted[0][i];
  assert(row_decode(&arena, &visit_type, (wm_string){(char *)bytes.ptr, bytes.len}, &told));
  return told;
}

/* ---- The promises ---- */

static void values_come_back_as_they_were(void) {
  click inner[] = {{{"ann", 3}, 1}, {{"", 0}, -2}};
  everything value = {INT64_MIN, -7, 0.1, 1.5f, true, {"text", 4}, {NULL, 0}, {{"bob", 3}, 9}, {inner, 2}}, back;
  wm_arena arena = {0};
  wm_buffer bytes = {0}, again = {0};
  row_encode(&bytes, &everything_type, &value);
  assert(row_decode(&arena, &everything_type, (wm_string){(char *)bytes.data, bytes.len}, &back));
  assert(back.number == value.number && back.small == -7 && back.ratio == 0.1 && back.rough == 1.5f && back.yes);
  assert(back.maybe.ptr == NULL && wm_string_equal(back.inner.user, value.inner.user) && back.clicks.count == 2);
  row_encode(&again, &everything_type, &back);
  assert(again.len == bytes.len && memcmp(again.data, bytes.data, bytes.len) == 0);
  /* Cut or damaged, it is refused or another value; nothing outside of it is read (the sanitizer watches). */
  for (size_t cut = 0; cut < bytes.len; cut++) {
    char *part = malloc(cut + 1);
    memcpy(part, bytes.data, cut);
    assert(!row_decode(&arena, &everything_type, (wm_string){part, cut}, &back));
    free(part);
  }
  for (size_t i = 0; i < bytes.len; i++) {
    bytes.data[i] ^= 0x80;
    row_decode(&arena, &everything_type, (wm_string){(char *)bytes.data, bytes.len}, &back);
    bytes.data[i] ^= 0x80;
  }
}

static bool plan(const char *name, const char *value, complete_string_t *document, complete_string_t *error) {
  static complete_tuple2_string_string_t arguments[2];
  arguments[0] = (complete_tuple2_string_string_t){{(uint8_t *)"path", 4}, {(uint8_t *)"i\"n", 3}};
  arguments[1] = (complete_tuple2_string_string_t){{(uint8_t *)name, strlen(name)}, {(uint8_t *)value, strlen(value)}};
  complete_list_tuple2_string_string_t list = {arguments, *name == 0 ? 1 : 2};
  return exports_wasmill_dataflow_plan_plan(&list, document, error);
}

static bool says(complete_string_t text, const char *part) {
  return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void parameters_are_checked_by_name(void) {
  complete_string_t document, error;
  complete_list_tuple2_string_string_t none = {NULL, 0};
  assert(!exports_wasmill_dataflow_plan_plan(&none, &document, &error) && says(error, "parameter path: it is missing, give a string"));
  assert(!plan("limit", "9223372036854775808", &document, &error) && says(error, "`9223372036854775808` is no long"));
  assert(!plan("limit", "", &document, &error) && says(error, "is no long"));
  assert(!plan("limt", "3", &document, &error) && says(error, "parameter limt: the job has no such parameter, it has: path, limit"));
  assert(plan("limit", "-9223372036854775808", &document, &error) && plan("", "", &document, &error));
  assert(says(document, "\"path\":\"i\\\"n\"") && says(document, "{\"from\":2,\"output\":0,\"to\":3,\"input\":0,\"partitioning\":\"hash\"}"));
  exports_wasmill_dataflow_manifest_describe(&document);
  assert(says(document, "\"default\":7,") && says(document, "where \\\"clicks\\\" are"));
}

static void state_lives_in_the_host_and_timers_fire_once(void) {
  fake_reset();
  operator_number = HISTORIES;
  assert(push((click[]){{{"ann", 3}, 31}, {{"bob", 3}, 5}, {{"ann", 3}, 12}}, 3));
  assert(push((click[]){{{"ann", 3}, 33}, {{"ann", 3}, 95}}, 2));
  watermark(99);
  assert(emitted_count[0] == 0);
  watermark(100);
  assert(emitted_count[0] == 2 && entry_count == 0 && timer_count == 0);
  visit ann = result(0), bob = result(1);
  if (ann.user.ptr[0] == 'b') ann = result(1), bob = result(0);
  assert(ann.start == 1 && ann.end == 9 && ann.count == 1 && bob.start == 0 && bob.end == 0 && bob.count == 1);
}

static void a_failed_record_is_named_and_nothing_is_written(void) {
  fake_reset();
  operator_number = HISTORIES;
  assert(!push((click[]){{{"ann", 3}, 1}, {{"ann", 3}, -1}, {{"ann", 3}, 2}}, 3));
  assert(fake_failure.tag == WASMILL_DATAFLOW_TYPES_FAILURE_RECORD && fake_failure.val.record.index == 1);
  assert(says(fake_failure.val.record.message, "time before time") && entry_count == 0 && timer_count == 0);
}

static uint64_t seed = 1;

static int64_t next_random(int64_t limit) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (int64_t)((seed >> 33) % (uint64_t)limit);
}

static const char *const users[] = {"ann", "bob", "eve"};
enum { CLICKS = 1000 };

/* How many clicks of a user lie in [start, end). */
static int64_t clicks_in(const click *clicks, wm_string user, int64_t start, int64_t end) {
  int64_t count = 0;
  for (size_t i = 0; i < CLICKS; i++)
    count += wm_string_equal(clicks[i].user, user) && clicks[i].at >= start && clicks[i].at < end;
  return count;
}

/* Every result is right by itself, no window comes twice, and all clicks are told as often as they should be. */
static void windows_count_as_their_definition_says(uint32_t number, int64_t size, int64_t slide, int64_t times) {
  click clicks[CLICKS];
  for (int64_t i = 0; i < CLICKS; i++) clicks[i] = (click){wm_string_of(users[next_random(3)]), 1000 + i * 5 + next_random(100)};
  fake_reset();
  operator_number = number;
  for (size_t i = 0; i < CLICKS; i += 50) {
    assert(push(clicks + i, 50));
    watermark(1000 + (int64_t)(i + 50) * 5 - 1);
  }
  watermark(INT64_MAX);
  int64_t told = 0;
  for (size_t i = 0; i < emitted_count[0]; i++) {
    visit v = result(i);
    told += v.count;
    assert(v.count == clicks_in(clicks, v.user, v.start, v.end));
    if (slide > 0) assert(v.end - v.start == size && v.start % slide == 0);
    /* A session ends a gap behind its last click, and no click touches it from outside. */
    else assert(clicks_in(clicks, v.user, v.start - size, v.start) == 0 && clicks_in(clicks, v.user, v.end - size, v.end - size + 1) > 0 &&
                clicks_in(clicks, v.user, v.end, v.end + 1) == 0);
    for (size_t j = 0; j < i; j++) assert(!wm_string_equal(result(j).user, v.user) || result(j).start != v.start);
  }
  int64_t expected = 0;
  for (size_t i = 0; i < CLICKS && slide > 0; i++)
    for (int64_t start = clicks[i].at - clicks[i].at % slide; start > clicks[i].at - size; start -= slide) expected++;
  assert(told == (slide > 0 ? expected : times * CLICKS));
  assert(emitted_count[1] == 0 && entry_count == 0 && timer_count == 0);
}

static void late_records_go_to_the_side_output_and_are_counted(uint32_t number) {
  fake_reset();
  operator_number = number;
  assert(push(&(click){{"ann", 3}, 5}, 1));
  watermark(500);
  assert(push((click[]){{{"ann", 3}, 6}, {{"ann", 3}, 501}}, 2));
  watermark(INT64_MAX);
  assert(emitted_count[0] == 2 && emitted_count[1] == 1 && counted == 1);
}

int main(void) {
  values_come_back_as_they_were();
  parameters_are_checked_by_name();
  state_lives_in_the_host_and_timers_fire_once();
  a_failed_record_is_named_and_nothing_is_written();
  windows_count_as_their_definition_says(TUMBLING, 100, 100, 1);
  windows_count_as_their_definition_says(SLIDING, 100, 30, 0);
  windows_count_as_their_definition_says(SESSIONS, 20, 0, 1);
  late_records_go_to_the_side_output_and_are_counted(TUMBLING);
  late_records_go_to_the_side_output_and_are_counted(SESSIONS);
  puts("ok");
  return 0;
}
