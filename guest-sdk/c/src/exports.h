/* The exported calls of the contract: bindings in, bindings out. What comes in is freed here. */

static complete_string_t wire_copy(const char *text) {
  complete_string_t copy;
  complete_string_dup(&copy, text);
  return copy;
}

static complete_list_u8_t wire_encoded(const wm_type *type, const void *value) {
  wm_buffer bytes = {0};
  row_encode(&bytes, type, value);
  return (complete_list_u8_t){bytes.data, bytes.len};
}

static bool fail_call(wire_failure *failure, int64_t record, const char *text) {
  if (record >= 0) {
    failure->tag = WASMILL_DATAFLOW_TYPES_FAILURE_RECORD;
    failure->val.record.index = (uint32_t)record;
    failure->val.record.message = wire_copy(text);
  } else {
    failure->tag = WASMILL_DATAFLOW_TYPES_FAILURE_OPERATOR;
    failure->val.operator_ = wire_copy(text);
  }
  return false;
}

/* Whether the call went well; else lays out its failure. */
static bool ended_well(wire_failure *failure) {
  return !task->failed || fail_call(failure, task->record, task->failure);
}

static bool is_open(wire_failure *failure) {
  return task != NULL || fail_call(failure, -1, "the instance has not been opened");
}

void exports_wasmill_dataflow_manifest_describe(complete_string_t *ret) {
  wm_env *env = run_job((complete_list_tuple2_string_string_t){NULL, 0}, true);
  wm_buffer json = {0};
  json_manifest(&json, env);
  *ret = (complete_string_t){json.data, json.len};
  env_free(env);
}

bool exports_wasmill_dataflow_plan_plan(complete_list_tuple2_string_string_t *arguments, complete_string_t *ret, complete_string_t *err) {
  wm_env *env = run_job(*arguments, false);
  if (env->error == NULL) check_arguments(env);
  bool good = env->error == NULL;
  if (good) {
    wm_buffer json = {0};
    json_plan(&json, env);
    *ret = (complete_string_t){json.data, json.len};
  } else {
    *err = wire_copy(env->error);
  }
  env_free(env);
  complete_list_tuple2_string_string_free(arguments);
  return good;
}

bool exports_wasmill_dataflow_operator_open(exports_wasmill_dataflow_operator_task_spec_t *spec, wire_failure *err) {
  const char *error = open_task(spec);
  exports_wasmill_dataflow_operator_task_spec_free(spec);
  if (error != NULL) task = NULL;
  return error == NULL || fail_call(err, -1, error);
}

bool exports_wasmill_dataflow_operator_process(wasmill_dataflow_types_moment_t *now, uint32_t input, wire_batch *records,
                                               uint32_t *ret, wire_failure *err) {
  if (!is_open(err)) return false;
  begin_call(*now);
  *ret = run_batch(input, records);
  wasmill_dataflow_types_batch_free(records);
  return ended_well(err);
}

bool exports_wasmill_dataflow_operator_on_timers(wasmill_dataflow_types_moment_t *now, uint8_t domain, wire_timers *timers,
                                                 uint32_t *ret, wire_failure *err) {
  if (!is_open(err)) return false;
  begin_call(*now);
  *ret = run_timers((wm_domain)domain, timers);
  wasmill_dataflow_types_timer_batch_free(timers);
  return ended_well(err);
}

/* Nothing to do: due timers are fired by a call of their own. */
bool exports_wasmill_dataflow_operator_on_watermark(wasmill_dataflow_types_moment_t *now, uint32_t operator_number, int64_t watermark,
                                                    wire_failure *err) {
  (void)now, (void)operator_number, (void)watermark;
  return is_open(err);
}

bool exports_wasmill_dataflow_operator_finish(wasmill_dataflow_types_moment_t *now, wire_failure *err) {
  (void)now;
  return is_open(err);
}

/* ---- Sources ---- */

/* Begins a call of the one operator of the instance. */
static wm_ctx *connector_call(wasmill_dataflow_types_moment_t now, wire_failure *err) {
  if (!is_open(err)) return NULL;
  begin_call(now);
  task->encoded.len = 0;
  if (task->op_count == 1) return &task->ops[0].ctx;
  fail_call(err, -1, "the instance is no source or sink");
  return NULL;
}

bool exports_wasmill_dataflow_source_splits(uint32_t operator_number, uint32_t parallelism, complete_list_list_u8_t *ret,
                                            wire_failure *err) {
  (void)operator_number;
  wm_ctx *ctx = connector_call((wasmill_dataflow_types_moment_t){0, 0}, err);
  if (ctx == NULL) return false;
  task->split_count = 0;
  ctx->op->node->source->splits(ctx, parallelism);
  *ret = (complete_list_list_u8_t){checked(malloc((task->split_count + 1) * sizeof *ret->ptr)), task->split_count};
  const uint8_t *from = task->encoded.data;
  for (size_t i = 0; i < task->split_count; i++) {
    size_t length = task->splits[i];
    ret->ptr[i] = (complete_list_u8_t){checked(malloc(length + 1)), length};
    if (length > 0) memcpy(ret->ptr[i].ptr, from, length);
    from += length;
  }
  return ended_well(err);
}

/* A column whose memory the caller takes over. */
static wire_column column_take(wm_column *column) {
  wire_column wire = column_wire(column);
  *column = (wm_column){0};
  return wire;
}

bool exports_wasmill_dataflow_source_poll(wasmill_dataflow_types_moment_t *now, uint32_t operator_number, uint32_t split,
                                          complete_list_u8_t *position, uint32_t max_records,
                                          exports_wasmill_dataflow_source_polled_t *ret, wire_failure *err) {
  (void)operator_number, (void)split;
  wm_ctx *ctx = connector_call(*now, err);
  if (ctx == NULL) return false;
  const wm_source_def *def = ctx->op->node->source;
  void *at = wm_alloc(ctx, def->position->size);
  task->max_records = max_records;
  batch_clear(&task->polled);
  if (!row_decode(&task->arena, def->position, (wm_string){(char *)position->ptr, position->len}, at))
    wm_fail(ctx, "malformed position");
  wm_poll_status status = {WM_ENDED, 0};
  if (!task->failed) status = def->poll(ctx, at);
  complete_list_u8_t next = wire_encoded(def->position, at);
  complete_list_u8_free(position);
  if (task->failed) return ended_well(err);
  wm_batch *batch = &task->polled;
  ret->records.count = batch->count;
  ret->records.timestamps = (complete_list_s64_t){batch->timestamps, batch->timestamp_count};
  batch->timestamps = NULL;
  batch->timestamp_capacity = 0;
  ret->records.keys = column_take(&batch->keys);
  ret->records.values = column_take(&batch->values);
  batch_clear(batch);
  ret->position = next;
  ret->status.tag = (uint8_t)status.kind;
  ret->status.val.wait = status.wait_ms;
  return true;
}

bool exports_wasmill_dataflow_source_close(uint32_t operator_number, wire_failure *err) {
  (void)operator_number;
  return is_open(err);
}

/* ---- Sinks ---- */

/* Decodes what the host kept for the sink. */
static void *kept(wm_ctx *ctx, const wm_type *type, const complete_list_u8_t *bytes) {
  void *value = wm_alloc(ctx, type->size);
  if (!row_decode(&task->arena, type, (wm_string){(char *)bytes->ptr, bytes->len}, value)) wm_fail(ctx, "malformed transaction");
  return value;
}

bool exports_wasmill_dataflow_sink_begin(wasmill_dataflow_types_moment_t *now, uint32_t operator_number, complete_string_t *name,
                                         complete_list_u8_t *ret, wire_failure *err) {
  (void)operator_number;
  wm_ctx *ctx = connector_call(*now, err);
  if (ctx == NULL) return false;
  const wm_sink_def *def = ctx->op->node->sink;
  void *transaction = wm_alloc(ctx, def->transaction->size);
  wm_string text = {arena_copy(&task->arena, name->ptr, name->len), name->len};
  complete_string_free(name);
  def->begin(ctx, text, transaction);
  *ret = wire_encoded(def->transaction, transaction);
  return ended_well(err);
}

bool exports_wasmill_dataflow_sink_write(wasmill_dataflow_types_moment_t *now, uint32_t operator_number, complete_list_u8_t *bytes,
                                         wire_batch *records, complete_list_u8_t *ret, wire_failure *err) {
  (void)operator_number;
  wm_ctx *ctx = connector_call(*now, err);
  if (ctx == NULL) return false;
  const wm_sink_def *def = ctx->op->node->sink;
  const wm_type *type = ctx->op->node->in;
  void *transaction = kept(ctx, def->transaction, bytes);
  char *items = wm_alloc(ctx, records->count * type->size);
  if (!check_batch(records)) wm_fail(ctx, "malformed batch");
  for (size_t i = 0; i < records->count && !task->failed; i++)
    if (!row_decode(&task->arena, type, column_at(&records->values, i, records->count), items + i * type->size)) {
      task->record = (int64_t)i;
      wm_fail(ctx, "malformed record");
    }
  if (!task->failed) def->write(ctx, transaction, items, records->count);
  *ret = wire_encoded(def->transaction, transaction);
  complete_list_u8_free(bytes);
  wasmill_dataflow_types_batch_free(records);
  return ended_well(err);
}

bool exports_wasmill_dataflow_sink_pre_commit(uint32_t operator_number, complete_list_u8_t *bytes, uint64_t checkpoint,
                                              complete_list_u8_t *ret, wire_failure *err) {
  (void)operator_number;
  wm_ctx *ctx = connector_call((wasmill_dataflow_types_moment_t){0, 0}, err);
  if (ctx == NULL) return false;
  const wm_sink_def *def = ctx->op->node->sink;
  void *transaction = kept(ctx, def->transaction, bytes), *committable = wm_alloc(ctx, def->committable->size);
  if (!task->failed) def->pre_commit(ctx, transaction, checkpoint, committable);
  *ret = wire_encoded(def->committable, committable);
  complete_list_u8_free(bytes);
  return ended_well(err);
}

/* Decodes a list of committables. */
static char *kept_list(wm_ctx *ctx, const wm_type *type, const complete_list_list_u8_t *list) {
  char *items = wm_alloc(ctx, list->len * type->size);
  for (size_t i = 0; i < list->len; i++) memcpy(items + i * type->size, kept(ctx, type, &list->ptr[i]), type->size);
  return items;
}

bool exports_wasmill_dataflow_sink_commit(uint32_t operator_number, complete_list_list_u8_t *committables, wire_failure *err) {
  (void)operator_number;
  wm_ctx *ctx = connector_call((wasmill_dataflow_types_moment_t){0, 0}, err);
  if (ctx == NULL) return false;
  const wm_sink_def *def = ctx->op->node->sink;
  const char *items = kept_list(ctx, def->committable, committables);
  for (size_t i = 0; i < committables->len && !task->failed; i++) def->commit(ctx, items + i * def->committable->size);
  complete_list_list_u8_free(committables);
  return ended_well(err);
}

bool exports_wasmill_dataflow_sink_abort(uint32_t operator_number, complete_list_u8_t *bytes, wire_failure *err) {
  (void)operator_number;
  wm_ctx *ctx = connector_call((wasmill_dataflow_types_moment_t){0, 0}, err);
  if (ctx == NULL) return false;
  const wm_sink_def *def = ctx->op->node->sink;
  const void *transaction = kept(ctx, def->transaction, bytes);
  if (!task->failed) def->abort(ctx, transaction);
  complete_list_u8_free(bytes);
  return ended_well(err);
}

bool exports_wasmill_dataflow_sink_recover(uint32_t operator_number, complete_list_list_u8_t *committables, wire_failure *err) {
  (void)operator_number;
  wm_ctx *ctx = connector_call((wasmill_dataflow_types_moment_t){0, 0}, err);
  if (ctx == NULL) return false;
  const wm_sink_def *def = ctx->op->node->sink;
  const char *items = kept_list(ctx, def->committable, committables);
  if (!task->failed) def->recover(ctx, items, committables->len);
  complete_list_list_u8_free(committables);
  return ended_well(err);
}

bool exports_wasmill_dataflow_sink_close(uint32_t operator_number, wire_failure *err) {
  (void)operator_number;
  return is_open(err);
}

/* What the bindings refer to so that an object with the component type is linked. There is none: the host finds the
 * type from the names of what is exported. */
void __component_type_object_force_link_complete(void);
void __component_type_object_force_link_complete(void) {}
