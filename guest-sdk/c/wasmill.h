/* The C SDK: a job is a function that builds a graph of typed streams, and the same function, compiled to WebAssembly,
 * runs its operators inside the host.
 *
 *     const char *const wm_job_name = "my-job";
 *     void wm_job(wm_env *env) { ... }
 *
 * wm_job must be a function of its parameters alone: it runs when the job is described, planned, and opened in every
 * task, and must build the same graph each time. A mistake in it is kept and told when it has returned.
 *
 * The words are those of the Rust SDK and of Flink. Nothing that must last is kept in the component: state, timers and
 * output are the host's, and an instance may be thrown away between two calls. So no variable of yours may count on
 * being there in the next call. All calls come from one thread.
 *
 * Memory: what a function is given (records, strings in them, state) holds until the call ends, and so does what
 * wm_alloc gives. What wm_env_alloc gives holds as long as the instance. Nothing has to be freed.
 */
#ifndef WASMILL_H
#define WASMILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Types: a C struct and its Avro schema ---- */

typedef enum {
  WM_KIND_LONG,    /* int64_t */
  WM_KIND_INT,     /* int32_t */
  WM_KIND_DOUBLE,  /* double */
  WM_KIND_FLOAT,   /* float */
  WM_KIND_BOOLEAN, /* bool */
  WM_KIND_STRING,  /* wm_string */
  WM_KIND_BYTES,   /* wm_string */
  WM_KIND_ARRAY,   /* wm_array */
  WM_KIND_RECORD   /* a struct with a table of fields */
} wm_kind;

/* Text or bytes, not ended by a zero. */
typedef struct {
  const char *ptr;
  size_t len;
} wm_string;

/* `count` values, one after the other. */
typedef struct {
  const void *items;
  size_t count;
} wm_array;

typedef struct wm_type wm_type;

/* A field of a struct. One that is nullable is a string or bytes whose ptr is NULL for null. */
typedef struct {
  const char *name;
  size_t offset;
  const wm_type *type;
  bool nullable;
} wm_field;

/* A type: what C and Avro make of it. */
struct wm_type {
  wm_kind kind;
  size_t size;
  const char *name;
  const wm_field *fields;
  size_t field_count;
  const wm_type *items;
};

extern const wm_type wm_long, wm_int, wm_double, wm_float, wm_boolean, wm_text, wm_bytes;

#define WM_FIELD(STRUCT, FIELD, TYPE) {#FIELD, offsetof(STRUCT, FIELD), TYPE, false}
#define WM_NULLABLE(STRUCT, FIELD, TYPE) {#FIELD, offsetof(STRUCT, FIELD), TYPE, true}
/* Defines `TYPE_type` for a struct; the fields follow: WM_RECORD(count, WM_FIELD(count, word, &wm_text), ...) */
#define WM_RECORD(STRUCT, ...)                                         \
  static const wm_field STRUCT##_fields[] = {__VA_ARGS__};             \
  static const wm_type STRUCT##_type = {                               \
      WM_KIND_RECORD, sizeof(STRUCT), #STRUCT, STRUCT##_fields,        \
      sizeof STRUCT##_fields / sizeof STRUCT##_fields[0], NULL}
/* Defines NAME as the type of arrays of ITEMS. */
#define WM_ARRAY_OF(NAME, ITEMS) static const wm_type NAME = {WM_KIND_ARRAY, sizeof(wm_array), "array", NULL, 0, ITEMS}

/* The text of a string literal or of anything that ends with a zero. */
wm_string wm_string_of(const char *text);
bool wm_string_equal(wm_string a, wm_string b);

/* ---- The job ---- */

typedef struct wm_env wm_env;
typedef struct wm_stream wm_stream;
typedef struct wm_keyed wm_keyed;
typedef struct wm_connector wm_connector;
/* What a function of yours asks and tells the host with. */
typedef struct wm_ctx wm_ctx;

/* Yours. */
extern const char *const wm_job_name;
void wm_job(wm_env *env);

/* Memory that holds as long as the instance. */
void *wm_env_alloc(wm_env *env, size_t bytes);
/* Ends the job function's work with an error: a text for the user. The first one holds. */
void wm_env_fail(wm_env *env, const char *text);
/* Number of key groups, which bounds the parallelism of the job for good; 128 otherwise. */
void wm_max_parallelism(wm_env *env, uint32_t key_groups);

/* Parameters of the job. `fallback` holds if the user gives none; NULL says that the user must. */
wm_string wm_param_text(wm_env *env, const char *name, const char *fallback, const char *description);
int64_t wm_param_long(wm_env *env, const char *name, const int64_t *fallback, const char *description);
double wm_param_double(wm_env *env, const char *name, const double *fallback, const char *description);
bool wm_param_boolean(wm_env *env, const char *name, const bool *fallback, const char *description);

/* Connectors of the host; docs/CONNECTORS.md has their keys. `wm_with` sets any key to a JSON value. */
wm_connector *wm_connector_of(wm_env *env, const char *type);
wm_connector *wm_with(wm_connector *connector, const char *key, const char *json);
wm_connector *wm_with_text(wm_connector *connector, const char *key, wm_string value);
wm_connector *wm_with_long(wm_connector *connector, const char *key, int64_t value);
wm_connector *wm_text_files(wm_env *env, wm_string path);
wm_connector *wm_json_lines(wm_env *env, wm_string path);
wm_connector *wm_csv(wm_env *env, wm_string path);
wm_connector *wm_generator(wm_env *env, const char *data);
wm_connector *wm_print(wm_env *env);
wm_connector *wm_collect(wm_env *env);
wm_connector *wm_checksum(wm_env *env);

wm_stream *wm_source(wm_env *env, const wm_type *type, wm_connector *connector);
void wm_sink(wm_stream *stream, wm_connector *connector);

/* Open ports, by which records enter and leave a component that is a part of a job file's job. */
wm_stream *wm_open_input(wm_env *env, const char *name, const wm_type *type);
void wm_open_output(wm_stream *stream, const char *name);

/* Names the operator that gives a stream across versions of the job: its state is found by it. */
wm_stream *wm_uid(wm_stream *stream, const char *uid);
wm_stream *wm_name(wm_stream *stream, const char *name);
/* Subtasks of the operator; the job's otherwise. */
wm_stream *wm_parallelism(wm_stream *stream, uint32_t subtasks);
/* How the records go to the next operator: spread evenly, or all to every subtask. */
wm_stream *wm_rebalance(wm_stream *stream);
wm_stream *wm_broadcast(wm_stream *stream);

/* Functions over single records. `data` is given back by wm_data. */
typedef void (*wm_map_fn)(wm_ctx *ctx, const void *record, void *result);
typedef bool (*wm_filter_fn)(wm_ctx *ctx, const void *record);
typedef void (*wm_flat_map_fn)(wm_ctx *ctx, const void *record);
typedef void (*wm_key_fn)(wm_ctx *ctx, const void *record, void *key);
typedef int64_t (*wm_timestamp_fn)(wm_ctx *ctx, const void *record);

wm_stream *wm_map(wm_stream *stream, const wm_type *result, wm_map_fn map, const void *data);
wm_stream *wm_filter(wm_stream *stream, wm_filter_fn keep, const void *data);
/* Any number of records for one, by wm_emit; also the way to side outputs without keys, see wm_process. */
wm_stream *wm_flat_map(wm_stream *stream, const wm_type *result, wm_flat_map_fn flat_map, const void *data);
wm_stream *wm_union(wm_stream *first, wm_stream *second);
wm_keyed *wm_key_by(wm_stream *stream, const wm_type *key, wm_key_fn key_of, const void *data);

/* Event time (milliseconds since the Unix epoch) and the rule of watermarks, which the host makes per source split:
 * records are at most so late behind the latest one. idle_after 0: a silent split holds event time up. */
typedef struct {
  int64_t max_out_of_orderness;
  int64_t idle_after;
} wm_watermarks;
wm_stream *wm_assign_timestamps(wm_stream *stream, wm_watermarks rule, wm_timestamp_fn timestamp, const void *data);

/* ---- Process functions: state, timers, side outputs ---- */

typedef enum { WM_VALUE, WM_LIST, WM_MAP } wm_state_kind;
typedef enum { WM_EVENT_TIME, WM_PROCESSING_TIME } wm_domain;

/* A state per key; a sub-key is a long, an int or text. */
typedef struct {
  const char *name;
  wm_state_kind kind;
  const wm_type *type;
  const wm_type *sub_key;
} wm_state_def;

typedef struct {
  const char *name;
  const wm_type *type;
} wm_side_def;

/* States and side outputs are named by their place in these tables. */
typedef struct {
  void (*element)(wm_ctx *ctx, const void *record);
  void (*timer)(wm_ctx *ctx, wm_domain domain);
  const wm_state_def *states;
  size_t state_count;
  const wm_side_def *sides;
  size_t side_count;
  const void *data;
} wm_process_def;

wm_stream *wm_process(wm_keyed *stream, const wm_type *result, const wm_process_def *def);
/* Without keys: element and sides only. */
wm_stream *wm_process_records(wm_stream *stream, const wm_type *result, const wm_process_def *def);
/* Folds the records of each key into one and gives the result after every record. */
typedef void (*wm_reduce_fn)(wm_ctx *ctx, void *sum, const void *record);
wm_stream *wm_reduce(wm_keyed *stream, wm_reduce_fn reduce, const void *data);
/* The stream of a side output. */
wm_stream *wm_side(wm_stream *stream, size_t side);

/* ---- Windows ---- */

/* Of event time, in milliseconds. */
typedef struct {
  int64_t size, slide, gap;
} wm_windows;
wm_windows wm_tumbling(int64_t size);
wm_windows wm_sliding(int64_t size, int64_t slide);
wm_windows wm_session(int64_t gap);

typedef struct {
  const void *key;
  int64_t start, end;
} wm_window;

/* An incremental aggregation. `acc` begins as zeros unless there is a `create`; `merge` is for sessions. */
typedef struct {
  const wm_type *acc;
  void (*create)(wm_ctx *ctx, void *acc);
  void (*add)(wm_ctx *ctx, void *acc, const void *record);
  void (*merge)(wm_ctx *ctx, void *acc, const void *later);
  void (*result)(wm_ctx *ctx, const void *acc, const wm_window *window, void *result);
  const void *data;
} wm_aggregate_def;

/* One result per key and window, when the watermark has passed it. Records that are late for all their windows go to
 * side output 0, and to the counter late_records. */
wm_stream *wm_aggregate(wm_keyed *stream, wm_windows windows, const wm_type *result, const wm_aggregate_def *def);

/* ---- In a function ---- */

/* Memory until the end of the call. */
void *wm_alloc(wm_ctx *ctx, size_t bytes);
const void *wm_data(wm_ctx *ctx);
void wm_emit(wm_ctx *ctx, const void *record);
void wm_emit_at(wm_ctx *ctx, const void *record, int64_t timestamp);
void wm_emit_side(wm_ctx *ctx, size_t side, const void *record);
/* Fails the call: nothing of it takes effect, and the text is reported with the record. */
void wm_fail(wm_ctx *ctx, const char *text);
typedef enum { WM_DEBUG, WM_INFO, WM_WARN, WM_ERROR } wm_level;
void wm_log(wm_ctx *ctx, wm_level level, const char *text);
/* Adds to a metric that only grows. */
void wm_count(wm_ctx *ctx, const char *counter, uint64_t amount);

#define WM_NO_TIMESTAMP INT64_MIN
int64_t wm_timestamp(wm_ctx *ctx);
int64_t wm_watermark(wm_ctx *ctx);
int64_t wm_processing_time(wm_ctx *ctx);
uint32_t wm_subtask(wm_ctx *ctx);

const void *wm_key(wm_ctx *ctx);
/* The time for which the timer under way was registered, in its own domain. */
int64_t wm_timer_time(wm_ctx *ctx);
void wm_register_timer(wm_ctx *ctx, wm_domain domain, int64_t time);
void wm_delete_timer(wm_ctx *ctx, wm_domain domain, int64_t time);

bool wm_value_get(wm_ctx *ctx, size_t state, void *value);
void wm_value_set(wm_ctx *ctx, size_t state, const void *value);
void wm_value_clear(wm_ctx *ctx, size_t state);

void wm_list_add(wm_ctx *ctx, size_t state, const void *element);
/* The elements, oldest first. */
wm_array wm_list_get(wm_ctx *ctx, size_t state);
void wm_list_clear(wm_ctx *ctx, size_t state);

bool wm_map_get(wm_ctx *ctx, size_t state, const void *sub_key, void *value);
void wm_map_put(wm_ctx *ctx, size_t state, const void *sub_key, const void *value);
void wm_map_remove(wm_ctx *ctx, size_t state, const void *sub_key);
/* The entries by ascending sub-key: two arrays of one length. */
void wm_map_entries(wm_ctx *ctx, size_t state, wm_array *sub_keys, wm_array *values);
void wm_map_clear(wm_ctx *ctx, size_t state);

/* ---- Sources and sinks of your own ---- */

typedef enum { WM_MORE, WM_WAIT, WM_ENDED } wm_poll_kind;
typedef struct {
  wm_poll_kind kind;
  uint32_t wait_ms;
} wm_poll_status;

/* Where a split is being read is its position, which the host keeps. The same position must give the same records. */
typedef struct {
  const wm_type *position;
  /* Calls wm_add_split for each split, at the first start of the job. */
  void (*splits)(wm_ctx *ctx, uint32_t parallelism);
  /* Emits at most wm_room records and moves the position. */
  wm_poll_status (*poll)(wm_ctx *ctx, void *position);
  bool wants_files;
  const void *data;
} wm_source_def;
wm_stream *wm_add_source(wm_env *env, const wm_type *type, const wm_source_def *def);
void wm_add_split(wm_ctx *ctx, const void *position);
size_t wm_room(wm_ctx *ctx);

/* A two-phase commit: begin, any number of write, pre_commit; commit when the checkpoint is complete. After a crash
 * commit is called again, and then recover, which clears away what is left of other transactions. */
typedef struct {
  const wm_type *transaction;
  const wm_type *committable;
  void (*begin)(wm_ctx *ctx, wm_string name, void *transaction);
  void (*write)(wm_ctx *ctx, void *transaction, const void *records, size_t count);
  void (*pre_commit)(wm_ctx *ctx, const void *transaction, uint64_t checkpoint, void *committable);
  void (*commit)(wm_ctx *ctx, const void *committable);
  void (*abort)(wm_ctx *ctx, const void *transaction);
  void (*recover)(wm_ctx *ctx, const void *committed, size_t count);
  bool wants_files;
  const void *data;
} wm_sink_def;
void wm_add_sink(wm_stream *stream, const wm_sink_def *def);

/* Files of the directory that the user grants (--grant files=DIR), by plain names. A call that does not succeed fails
 * the call of the operator, unless the answer says otherwise. */
uint64_t wm_file_append(wm_ctx *ctx, wm_string name, wm_string data);
void wm_file_sync(wm_ctx *ctx, wm_string name);
/* False if there is no file of the old name, or one of the new name. */
bool wm_file_rename(wm_ctx *ctx, wm_string from, wm_string to);
/* False if there is none. */
bool wm_file_size(wm_ctx *ctx, wm_string name, uint64_t *size);
wm_string wm_file_read(wm_ctx *ctx, wm_string name, uint64_t offset, uint32_t length);
void wm_file_remove(wm_ctx *ctx, wm_string name);
/* An array of wm_string, from the first name after `after` on. */
wm_array wm_file_list(wm_ctx *ctx, wm_string after, uint32_t limit);

#ifdef __cplusplus
}
#endif
#endif
