/* A task: the operators of a chain in one instance, wired to each other and to the output ports. Records go from one to
 * the next by calls; there is one thread and no reentrance. */

typedef struct wm_task wm_task;
typedef struct wm_op wm_op;

/* Records and bytes after which a port emits. */
enum { PORT_RECORDS_MAX = 4096, PORT_BYTES_MAX = 64 * 1024 };

/* Records in columns that grow. Timestamps are left out as long as no record has one. */
typedef struct {
  uint32_t count;
  int64_t *timestamps;
  size_t timestamp_count, timestamp_capacity;
  wm_column keys, values;
} wm_batch;

typedef struct {
  uint32_t number;
  wm_batch batch;
} wm_port;

/* Where an output leads: an operator of the instance, or a port. */
typedef struct {
  wm_op *op;
  wm_port *port;
} wm_target;

typedef struct {
  wm_target *targets;
  size_t count, capacity;
} wm_output;

struct wm_ctx {
  wm_task *task;
  wm_op *op;
  int64_t timestamp, timer_time;
  uint32_t slot;
};

struct wm_keyed_part;

struct wm_op {
  uint32_t number;
  const wm_node *node;
  wm_ctx ctx;
  wm_codec in, out, key_codec, *sides;
  wm_output *outputs;
  void *record, *result, *key;
  int64_t max_timestamp;
  struct wm_keyed_part *keyed;
};

typedef struct {
  char *name;
  uint32_t operator_number;
  uint64_t amount;
} wm_counter;

struct wm_task {
  wm_env *env;
  wm_arena arena;
  wm_op *ops;
  size_t op_count;
  wm_port *ports;
  size_t port_count;
  /* For each input of the task, the operators that it feeds. */
  wm_output *inputs;
  size_t input_count;
  wm_op *keyed;
  wasmill_dataflow_types_moment_t now;
  size_t soft_bytes, sent;
  bool stop, failed;
  char *failure;
  int64_t record;
  wm_counter *counters;
  size_t counter_count, counter_capacity;
  uint32_t subtask;
  /* Of a source or a sink. */
  wm_batch polled;
  uint32_t max_records;
  wm_buffer encoded;
  size_t *splits, split_count, split_capacity;
};

void *wm_alloc(wm_ctx *ctx, size_t bytes) { return arena_alloc(&ctx->task->arena, bytes); }
const void *wm_data(wm_ctx *ctx) { return ctx->op->node->data; }
int64_t wm_timestamp(wm_ctx *ctx) { return ctx->timestamp; }
int64_t wm_watermark(wm_ctx *ctx) { return ctx->task->now.watermark; }
int64_t wm_processing_time(wm_ctx *ctx) { return ctx->task->now.processing_time; }
uint32_t wm_subtask(wm_ctx *ctx) { return ctx->task->subtask; }
int64_t wm_timer_time(wm_ctx *ctx) { return ctx->timer_time; }

static void task_fail(wm_task *task, const char *text) {
  task->stop = true;
  if (task->failed) return;
  task->failed = true;
  task->failure = arena_text(&task->arena, text);
}

void wm_fail(wm_ctx *ctx, const char *text) { task_fail(ctx->task, text); }

void wm_log(wm_ctx *ctx, wm_level level, const char *text) {
  (void)ctx;
  complete_string_t message = {(uint8_t *)text, strlen(text)};
  wasmill_dataflow_log_write((uint8_t)level, &message);
}

void wm_count(wm_ctx *ctx, const char *counter, uint64_t amount) {
  wm_task *task = ctx->task;
  for (size_t i = 0; i < task->counter_count; i++) {
    wm_counter *known = &task->counters[i];
    if (known->operator_number == ctx->op->number && strcmp(known->name, counter) == 0) {
      known->amount += amount;
      return;
    }
  }
  wm_counter fresh = {arena_text(&task->env->arena, counter), ctx->op->number, amount};
  PUSH(task->counters, task->counter_count, task->counter_capacity, fresh);
}

/* ---- Output ---- */

static void batch_clear(wm_batch *batch) {
  batch->count = 0;
  batch->timestamp_count = 0;
  column_clear(&batch->keys);
  column_clear(&batch->values);
}

static wire_batch batch_wire(wm_batch *batch) {
  return (wire_batch){batch->count, {batch->timestamps, batch->timestamp_count}, column_wire(&batch->keys), column_wire(&batch->values)};
}

/* Counts a record whose key and value have been appended. */
static void batch_push(wm_batch *batch, int64_t timestamp) {
  while (timestamp != WM_NO_TIMESTAMP && batch->timestamp_count < batch->count)
    PUSH(batch->timestamps, batch->timestamp_count, batch->timestamp_capacity, WM_NO_TIMESTAMP);
  if (timestamp != WM_NO_TIMESTAMP || batch->timestamp_count > 0)
    PUSH(batch->timestamps, batch->timestamp_count, batch->timestamp_capacity, timestamp);
  batch->count++;
}

static void port_flush(wm_task *task, wm_port *port) {
  wm_batch *batch = &port->batch;
  if (batch->count == 0) return;
  task->sent += batch->values.data.len + batch->keys.data.len + 8 * batch->timestamp_count;
  if (task->sent >= task->soft_bytes) task->stop = true;
  wire_batch wire = batch_wire(batch);
  wasmill_dataflow_output_emit(port->number, &wire);
  batch_clear(batch);
}

static void port_push(wm_op *op, wm_port *port, const wm_codec *codec, const void *key, const void *record, int64_t timestamp) {
  wm_task *task = op->ctx.task;
  wm_batch *batch = &port->batch;
  if (key != NULL) {
    codec_encode(&batch->keys.data, &op->key_codec, key);
    column_close(&batch->keys, op->key_codec.fixed);
  }
  codec_encode(&batch->values.data, codec, record);
  column_close(&batch->values, codec->fixed);
  batch_push(batch, timestamp);
  if (batch->count >= PORT_RECORDS_MAX || batch->values.data.len >= PORT_BYTES_MAX) port_flush(task, port);
}

static void receive(wm_op *op, const void *record, int64_t timestamp);

/* Sends a record to what an output leads to. */
static void deliver(wm_op *op, size_t output, const wm_codec *codec, const void *record, int64_t timestamp) {
  const wm_output *to = &op->outputs[output];
  for (size_t i = 0; i < to->count; i++) {
    if (to->targets[i].port != NULL) port_push(op, to->targets[i].port, codec, NULL, record, timestamp);
    else receive(to->targets[i].op, record, timestamp);
  }
}

void wm_emit_at(wm_ctx *ctx, const void *record, int64_t timestamp) {
  wm_op *op = ctx->op;
  if (op->node->kind == NODE_SOURCE) {
    wm_batch *batch = &ctx->task->polled;
    codec_encode(&batch->values.data, &op->out, record);
    column_close(&batch->values, op->out.fixed);
    batch_push(batch, timestamp);
  } else {
    deliver(op, 0, &op->out, record, timestamp);
  }
}

void wm_emit(wm_ctx *ctx, const void *record) { wm_emit_at(ctx, record, ctx->timestamp); }

void wm_emit_side(wm_ctx *ctx, size_t side, const void *record) {
  deliver(ctx->op, side + 1, &ctx->op->sides[side], record, ctx->timestamp);
}

static void receive_key_by(wm_op *op, const void *record, int64_t timestamp) {
  memset(op->key, 0, op->node->key->size);
  op->node->key_of(&op->ctx, record, op->key);
  for (size_t i = 0; i < op->outputs[0].count; i++)
    port_push(op, op->outputs[0].targets[i].port, &op->out, op->key, record, timestamp);
}

/* Runs an operator without keys for a record. */
static void receive(wm_op *op, const void *record, int64_t timestamp) {
  const wm_node *node = op->node;
  op->ctx.timestamp = timestamp;
  switch (node->kind) {
    case NODE_MAP:
      memset(op->result, 0, node->out->size);
      node->map(&op->ctx, record, op->result);
      deliver(op, 0, &op->out, op->result, timestamp);
      return;
    case NODE_FILTER:
      if (node->filter(&op->ctx, record)) deliver(op, 0, &op->out, record, timestamp);
      return;
    case NODE_FLAT_MAP: node->flat_map(&op->ctx, record); return;
    case NODE_PROCESS: node->process->element(&op->ctx, record); return;
    case NODE_UNION: deliver(op, 0, &op->out, record, timestamp); return;
    case NODE_KEY_BY: receive_key_by(op, record, timestamp); return;
    case NODE_ASSIGN: {
      int64_t assigned = node->timestamp(&op->ctx, record);
      if (assigned > op->max_timestamp) op->max_timestamp = assigned;
      deliver(op, 0, &op->out, record, assigned);
      return;
    }
    default: task_fail(op->ctx.task, "a keyed operator is not at the head of its chain"); return;
  }
}
