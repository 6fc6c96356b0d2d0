/* A parallel source of the numbers from 0 to n, and a sink that publishes files by renaming them. */
#include "jobs.h"

#include <string.h>

typedef struct {
  int64_t next, step;
} position;

typedef struct {
  wm_string name;
  int64_t records;
} segment;

WM_RECORD(position, WM_FIELD(position, next, &wm_long), WM_FIELD(position, step, &wm_long));
WM_RECORD(segment, WM_FIELD(segment, name, &wm_text), WM_FIELD(segment, records, &wm_long));

static void number_splits(wm_ctx *ctx, uint32_t parallelism) {
  for (uint32_t i = 0; i < parallelism; i++) wm_add_split(ctx, &(position){i, parallelism});
}

static wm_poll_status poll_numbers(wm_ctx *ctx, void *at) {
  const options *o = wm_data(ctx);
  position *from = at;
  size_t room = wm_room(ctx);
  if (o->rate != 0 && room > 50) room = 50;
  for (; room > 0 && from->next < o->n; room--, from->next += from->step) wm_emit(ctx, &from->next);
  if (from->next >= o->n) return (wm_poll_status){WM_ENDED, 0};
  return o->rate != 0 ? (wm_poll_status){WM_WAIT, 2} : (wm_poll_status){WM_MORE, 0};
}

static wm_string joined(wm_ctx *ctx, const char *before, wm_string name, const char *behind) {
  size_t first = strlen(before), last = strlen(behind);
  char *text = wm_alloc(ctx, first + name.len + last);
  memcpy(text, before, first);
  memcpy(text + first, name.ptr, name.len);
  memcpy(text + first + name.len, behind, last);
  return (wm_string){text, first + name.len + last};
}

static wm_string hidden(wm_ctx *ctx, const segment *s) { return joined(ctx, ".", s->name, ".open"); }
static wm_string published(wm_ctx *ctx, const segment *s) { return joined(ctx, "part-", s->name, ""); }

static void begin(wm_ctx *ctx, wm_string name, void *transaction) {
  (void)ctx;
  *(segment *)transaction = (segment){name, 0};
}

static void write_segment(wm_ctx *ctx, void *transaction, const void *records, size_t count) {
  segment *s = transaction;
  const int64_t *numbers = records;
  char *text = wm_alloc(ctx, 21 * count), *at = text;
  for (size_t i = 0; i < count; i++) {
    char digits[20], *first = digits + sizeof digits;
    int64_t left = numbers[i];
    do *--first = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    size_t length = (size_t)(digits + sizeof digits - first);
    memcpy(at, first, length);
    at[length] = '\n';
    at += length + 1;
  }
  s->records += (int64_t)count;
  wm_file_append(ctx, hidden(ctx, s), (wm_string){text, (size_t)(at - text)});
}

static void pre_commit(wm_ctx *ctx, const void *transaction, uint64_t checkpoint, void *committable) {
  (void)checkpoint;
  wm_file_sync(ctx, hidden(ctx, transaction));
  *(segment *)committable = *(const segment *)transaction;
}

static void commit(wm_ctx *ctx, const void *committable) {
  uint64_t size;
  if (wm_file_rename(ctx, hidden(ctx, committable), published(ctx, committable))) return;
  if (!wm_file_size(ctx, published(ctx, committable), &size)) wm_fail(ctx, "a segment is gone");
}

static void abort_segment(wm_ctx *ctx, const void *transaction) { wm_file_remove(ctx, hidden(ctx, transaction)); }

static bool ends_with(wm_string text, wm_string end) {
  return text.len >= end.len && memcmp(text.ptr + text.len - end.len, end.ptr, end.len) == 0;
}

static void recover(wm_ctx *ctx, const void *committed, size_t count) {
  wm_string after = {"", 0};
  for (;;) {
    wm_array names = wm_file_list(ctx, after, 1000);
    if (names.count == 0) return;
    const wm_string *name = names.items;
    for (size_t i = 0; i < names.count; i++) {
      bool keep = !ends_with(name[i], wm_string_of(".open"));
      for (size_t j = 0; j < count && !keep; j++)
        keep = wm_string_equal(name[i], hidden(ctx, (const segment *)committed + j));
      if (!keep) wm_file_remove(ctx, name[i]);
    }
    after = name[names.count - 1];
  }
}

static const wm_sink_def segments = {.transaction = &segment_type,
                                     .committable = &segment_type,
                                     .begin = begin,
                                     .write = write_segment,
                                     .pre_commit = pre_commit,
                                     .commit = commit,
                                     .abort = abort_segment,
                                     .recover = recover,
                                     .wants_files = true};

void connectors(wm_env *env, const options *o) {
  options *kept = wm_env_alloc(env, sizeof *kept);
  *kept = *o;
  wm_source_def *numbers = wm_env_alloc(env, sizeof *numbers);
  *numbers = (wm_source_def){.position = &position_type, .splits = number_splits, .poll = poll_numbers, .data = kept};
  wm_add_sink(wm_uid(wm_add_source(env, &wm_long, numbers), "numbers"), &segments);
}
