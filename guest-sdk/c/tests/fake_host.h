/* A host in memory for the tests of jobs in C: it answers the imports of the bindings and calls their exports. State is
 * a table of (state, key, sub-key), small enough to be searched from end to end. A fresh instance is opened before every
 * call, so a job that keeps something in variables between two calls fails its test. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bindings/complete.h"

typedef struct {
  uint32_t state;
  complete_list_u8_t key, sub_key, value;
} fake_entry;

typedef struct {
  uint8_t domain;
  int64_t time;
  complete_list_u8_t key;
} fake_timer;

static fake_entry *entries;
static size_t entry_count;
static fake_timer *timers;
static size_t timer_count;
static uint64_t counted;
/* What came out of each port, a record each. */
static complete_list_u8_t *emitted[4];
static size_t emitted_count[4];

static complete_list_u8_t copied(const void *bytes, size_t length) {
  complete_list_u8_t copy = {malloc(length + 1), length};
  if (length > 0) memcpy(copy.ptr, bytes, length);
  return copy;
}

static complete_list_u8_t entry_of(const wasmill_dataflow_types_bytes_column_t *column, size_t i, size_t n) {
  size_t start = 0, end = 0;
  if (column->ends.len > 0) {
    start = i == 0 ? 0 : column->ends.ptr[i - 1];
    end = column->ends.ptr[i];
  } else if (n > 0) {
    start = i * (column->data.len / n);
    end = start + column->data.len / n;
  }
  return (complete_list_u8_t){column->data.ptr + start, end - start};
}

static bool same(complete_list_u8_t a, complete_list_u8_t b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static fake_entry *find(uint32_t state, complete_list_u8_t key, complete_list_u8_t sub_key) {
  for (size_t i = 0; i < entry_count; i++)
    if (entries[i].state == state && same(entries[i].key, key) && same(entries[i].sub_key, sub_key)) return &entries[i];
  return NULL;
}

static fake_entry *find_or_add(uint32_t state, complete_list_u8_t key, complete_list_u8_t sub_key) {
  fake_entry *entry = find(state, key, sub_key);
  if (entry != NULL) return entry;
  entries = realloc(entries, (entry_count + 1) * sizeof *entries);
  entries[entry_count] = (fake_entry){state, copied(key.ptr, key.len), copied(sub_key.ptr, sub_key.len), {NULL, 0}};
  return &entries[entry_count++];
}

static void drop(uint32_t state, complete_list_u8_t key, complete_list_u8_t sub_key) {
  fake_entry *entry = find(state, key, sub_key);
  if (entry != NULL) *entry = entries[--entry_count];
}

void wasmill_dataflow_state_get_many(uint32_t state, uint32_t count, wasmill_dataflow_types_bytes_column_t *keys,
                                     wasmill_dataflow_types_bytes_column_t *sub_keys, wasmill_dataflow_state_found_t *ret) {
  *ret = (wasmill_dataflow_state_found_t){{calloc(count, 1), count}, {{calloc(count, 4), count}, {malloc(1), 0}}};
  for (size_t i = 0; i < count; i++) {
    const fake_entry *entry = find(state, entry_of(keys, i, count), entry_of(sub_keys, i, count));
    complete_list_u8_t *data = &ret->values.data;
    if (entry != NULL) {
      ret->present.ptr[i] = 1;
      data->ptr = realloc(data->ptr, data->len + entry->value.len + 1);
      if (entry->value.len > 0) memcpy(data->ptr + data->len, entry->value.ptr, entry->value.len);
      data->len += entry->value.len;
    }
    ret->values.ends.ptr[i] = (uint32_t)data->len;
  }
}

void wasmill_dataflow_state_put_many(uint32_t state, uint32_t count, wasmill_dataflow_types_bytes_column_t *keys,
                                     wasmill_dataflow_types_bytes_column_t *sub_keys,
                                     wasmill_dataflow_types_bytes_column_t *values) {
  for (size_t i = 0; i < count; i++) {
    complete_list_u8_t value = entry_of(values, i, count);
    find_or_add(state, entry_of(keys, i, count), entry_of(sub_keys, i, count))->value = copied(value.ptr, value.len);
  }
}

void wasmill_dataflow_state_delete_many(uint32_t state, uint32_t count, wasmill_dataflow_types_bytes_column_t *keys,
                                        wasmill_dataflow_types_bytes_column_t *sub_keys) {
  for (size_t i = 0; i < count; i++) drop(state, entry_of(keys, i, count), entry_of(sub_keys, i, count));
}

void wasmill_dataflow_state_append_many(uint32_t state, uint32_t count, wasmill_dataflow_types_bytes_column_t *keys,
                                        wasmill_dataflow_types_bytes_column_t *sub_keys,
                                        wasmill_dataflow_types_bytes_column_t *values) {
  for (size_t i = 0; i < count; i++) {
    fake_entry *entry = find_or_add(state, entry_of(keys, i, count), entry_of(sub_keys, i, count));
    complete_list_u8_t value = entry_of(values, i, count), *list = &entry->value;
    uint32_t length = (uint32_t)value.len;
    list->ptr = realloc(list->ptr, list->len + 4 + value.len);
    memcpy(list->ptr + list->len, &length, 4);
    if (value.len > 0) memcpy(list->ptr + list->len + 4, value.ptr, value.len);
    list->len += 4 + value.len;
  }
}

static int by_sub_key(const void *left, const void *right) {
  complete_list_u8_t a = (*(fake_entry *const *)left)->sub_key, b = (*(fake_entry *const *)right)->sub_key;
  size_t shared = a.len < b.len ? a.len : b.len;
  int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Pages of two, so that reading goes on. */
void wasmill_dataflow_state_scan(uint32_t state, complete_list_u8_t *key, complete_list_u8_t *start, uint32_t limit,
                                 wasmill_dataflow_state_entries_t *ret) {
  fake_entry **mine = malloc((entry_count + 1) * sizeof *mine), from = {.sub_key = *start}, *first = &from;
  size_t count = 0;
  for (size_t i = 0; i < entry_count; i++) {
    fake_entry *entry = &entries[i];
    if (entry->state == state && same(entry->key, *key) && by_sub_key(&entry, &first) >= 0) mine[count++] = entry;
  }
  qsort(mine, count, sizeof *mine, by_sub_key);
  size_t page = count < 2 ? count : 2;
  assert(limit >= 2);
  *ret = (wasmill_dataflow_state_entries_t){.count = (uint32_t)page, .more = count > page};
  wasmill_dataflow_types_bytes_column_t *columns[] = {&ret->sub_keys, &ret->values};
  for (size_t c = 0; c < 2; c++) {
    *columns[c] = (wasmill_dataflow_types_bytes_column_t){{calloc(page + 1, 4), page}, {malloc(1), 0}};
    for (size_t i = 0; i < page; i++) {
      complete_list_u8_t part = c == 0 ? mine[i]->sub_key : mine[i]->value, *data = &columns[c]->data;
      data->ptr = realloc(data->ptr, data->len + part.len + 1);
      if (part.len > 0) memcpy(data->ptr + data->len, part.ptr, part.len);
      data->len += part.len;
      columns[c]->ends.ptr[i] = (uint32_t)data->len;
    }
  }
  free(mine);
}

void wasmill_dataflow_state_clear_key(uint32_t state, complete_list_u8_t *key) {
  for (size_t i = entry_count; i-- > 0;)
    if (entries[i].state == state && same(entries[i].key, *key)) entries[i] = entries[--entry_count];
}

bool wasmill_dataflow_state_get(uint32_t state, complete_list_u8_t *key, complete_list_u8_t *sub_key, complete_list_u8_t *ret) {
  const fake_entry *entry = find(state, *key, *sub_key);
  if (entry == NULL) return false;
  *ret = copied(entry->value.ptr, entry->value.len);
  return true;
}

static void delete_timer(uint8_t domain, int64_t time, complete_list_u8_t key) {
  for (size_t i = 0; i < timer_count; i++)
    if (timers[i].domain == domain && timers[i].time == time && same(timers[i].key, key)) timers[i] = timers[--timer_count];
}

void wasmill_dataflow_timers_delete(uint8_t domain, wasmill_dataflow_types_timer_batch_t *batch) {
  for (size_t i = 0; i < batch->count; i++) delete_timer(domain, batch->times.ptr[i], entry_of(&batch->keys, i, batch->count));
}

void wasmill_dataflow_timers_register(uint8_t domain, wasmill_dataflow_types_timer_batch_t *batch) {
  for (size_t i = 0; i < batch->count; i++) {
    complete_list_u8_t key = entry_of(&batch->keys, i, batch->count);
    delete_timer(domain, batch->times.ptr[i], key);
    timers = realloc(timers, (timer_count + 1) * sizeof *timers);
    timers[timer_count++] = (fake_timer){domain, batch->times.ptr[i], copied(key.ptr, key.len)};
  }
}

void wasmill_dataflow_output_emit(uint32_t port, wasmill_dataflow_types_batch_t *records) {
  for (size_t i = 0; i < records->count; i++) {
    complete_list_u8_t value = entry_of(&records->values, i, records->count);
    emitted[port] = realloc(emitted[port], (emitted_count[port] + 1) * sizeof *emitted[port]);
    emitted[port][emitted_count[port]++] = copied(value.ptr, value.len);
  }
}

void wasmill_dataflow_watermarks_observe(wasmill_dataflow_watermarks_list_observation_t *list) { (void)list; }

void wasmill_dataflow_metrics_count(wasmill_dataflow_metrics_list_increment_t *list) {
  for (size_t i = 0; i < list->len; i++) counted += list->ptr[i].amount;
}

void wasmill_dataflow_log_write(uint8_t level, complete_string_t *text) {
  fprintf(stderr, "log %u: %.*s\n", level, (int)text->len, (char *)text->ptr);
}

/* What is malloc'd by a call is freed by it; these tests end before that matters, but for what their owners free. */
void complete_list_u8_free(complete_list_u8_t *list) { free(list->ptr); }
void complete_string_free(complete_string_t *text) { free(text->ptr); }
void complete_string_dup(complete_string_t *ret, const char *text) {
  complete_list_u8_t copy = copied(text, strlen(text));
  *ret = (complete_string_t){copy.ptr, copy.len};
}
void wasmill_dataflow_types_batch_free(wasmill_dataflow_types_batch_t *batch) { (void)batch; }
void wasmill_dataflow_types_timer_batch_free(wasmill_dataflow_types_timer_batch_t *batch) { (void)batch; }
void wasmill_dataflow_state_found_free(wasmill_dataflow_state_found_t *found) {
  free(found->present.ptr);
  free(found->values.ends.ptr);
  free(found->values.data.ptr);
}
void wasmill_dataflow_state_entries_free(wasmill_dataflow_state_entries_t *page) { (void)page; }
void complete_list_tuple2_string_string_free(complete_list_tuple2_string_string_t *list) { (void)list; }
void complete_list_list_u8_free(complete_list_list_u8_t *list) { (void)list; }
void complete_list_string_free(complete_list_string_t *list) { (void)list; }
void wasmill_dataflow_files_file_error_free(wasmill_dataflow_files_file_error_t *error) { (void)error; }
void exports_wasmill_dataflow_operator_task_spec_free(exports_wasmill_dataflow_operator_task_spec_t *spec) { (void)spec; }

/* An operator of these tests is granted no files. */
#define NO_FILES                                                              \
  {                                                                           \
    err->tag = WASMILL_DATAFLOW_FILES_FILE_ERROR_NOT_GRANTED;                 \
    return false;                                                             \
  }
typedef wasmill_dataflow_files_file_error_t fake_error;
bool wasmill_dataflow_files_append(uint32_t o, complete_string_t *n, complete_list_u8_t *d, uint64_t *r, fake_error *err) { (void)o, (void)n, (void)d, (void)r; NO_FILES }
bool wasmill_dataflow_files_sync(uint32_t o, complete_string_t *n, fake_error *err) { (void)o, (void)n; NO_FILES }
bool wasmill_dataflow_files_rename(uint32_t o, complete_string_t *f, complete_string_t *t, fake_error *err) { (void)o, (void)f, (void)t; NO_FILES }
bool wasmill_dataflow_files_size(uint32_t o, complete_string_t *n, complete_option_u64_t *r, fake_error *err) { (void)o, (void)n, (void)r; NO_FILES }
bool wasmill_dataflow_files_read(uint32_t o, complete_string_t *n, uint64_t at, uint32_t c, complete_list_u8_t *r, fake_error *err) { (void)o, (void)n, (void)at, (void)c, (void)r; NO_FILES }
bool wasmill_dataflow_files_remove(uint32_t o, complete_string_t *n, fake_error *err) { (void)o, (void)n; NO_FILES }
bool wasmill_dataflow_files_list(uint32_t o, complete_string_t *a, uint32_t l, complete_list_string_t *r, fake_error *err) { (void)o, (void)a, (void)l, (void)r; NO_FILES }

/* ---- What tests call ---- */

static wasmill_dataflow_types_moment_t fake_now = {0, INT64_MIN};
static wasmill_dataflow_types_failure_t fake_failure;

static void fake_reset(void) {
  entry_count = timer_count = 0;
  counted = 0;
  memset(emitted_count, 0, sizeof emitted_count);
  fake_now = (wasmill_dataflow_types_moment_t){0, INT64_MIN};
}

/* Opens an operator by itself, with one argument, so many outputs, and the named states numbered from 0. */
static void fake_open(complete_tuple2_string_string_t argument, uint32_t number, size_t outputs, const char *const *states, size_t state_count) {
  exports_wasmill_dataflow_operator_port_t in = {number, 0}, out[4];
  exports_wasmill_dataflow_operator_list_port_t inputs = {&in, 1};
  exports_wasmill_dataflow_operator_state_number_t numbered[8];
  for (size_t i = 0; i < outputs; i++) out[i] = (exports_wasmill_dataflow_operator_port_t){number, (uint32_t)i};
  for (size_t i = 0; i < state_count; i++)
    numbered[i] = (exports_wasmill_dataflow_operator_state_number_t){number, {(uint8_t *)states[i], strlen(states[i])}, (uint32_t)i};
  exports_wasmill_dataflow_operator_task_spec_t spec = {.parallelism = 1, .max_parallelism = 128, .output_soft_bytes = 1 << 20};
  spec.operators = (complete_list_u32_t){&number, 1};
  spec.arguments = (complete_list_tuple2_string_string_t){&argument, 1};
  spec.inputs.ptr = &inputs;
  spec.inputs.len = 1;
  spec.outputs.ptr = out;
  spec.outputs.len = outputs;
  spec.states.ptr = numbered;
  spec.states.len = state_count;
  assert(exports_wasmill_dataflow_operator_open(&spec, &fake_failure));
}

static int timer_order(const void *left, const void *right) {
  const fake_timer *a = left, *b = right;
  return (a->time > b->time) - (a->time < b->time);
}

/* The timers that are due up to a time, taken out and laid out as the host does; `count` is 0 if there are none. */
static wasmill_dataflow_types_timer_batch_t fake_due(uint8_t domain, int64_t until) {
  wasmill_dataflow_types_timer_batch_t due = {0};
  qsort(timers, timer_count, sizeof *timers, timer_order);
  due.times.ptr = malloc((timer_count + 1) * sizeof *due.times.ptr);
  due.keys.ends.ptr = malloc((timer_count + 1) * sizeof *due.keys.ends.ptr);
  for (size_t i = 0; i < timer_count;) {
    if (timers[i].domain != domain || timers[i].time > until) {
      i++;
      continue;
    }
    due.keys.data.ptr = realloc(due.keys.data.ptr, due.keys.data.len + timers[i].key.len + 1);
    memcpy(due.keys.data.ptr + due.keys.data.len, timers[i].key.ptr, timers[i].key.len);
    due.keys.data.len += timers[i].key.len;
    due.times.ptr[due.count] = timers[i].time;
    due.keys.ends.ptr[due.count++] = (uint32_t)due.keys.data.len;
    memmove(&timers[i], &timers[i + 1], (timer_count - i - 1) * sizeof *timers);
    timer_count--;
  }
  due.times.len = due.keys.ends.len = due.count;
  return due;
}
