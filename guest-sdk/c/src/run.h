/* The calls of a task: open, process, on-timers, finish. Each begins, lets records or timers flow, and hands over what
 * was gathered. A failed call says so and leaves its traces: the host throws the instance away. */

/* The open task of this instance. A cache: the host may throw it away between two calls. */
static wm_task *task;

static void begin_call(wasmill_dataflow_types_moment_t now) {
  arena_clear(&task->arena);
  task->now = now;
  task->stop = task->failed = false;
  task->sent = 0;
  task->record = -1;
}

static void observe(void) {
  wasmill_dataflow_watermarks_observation_t *list = NULL;
  size_t count = 0, capacity = 0;
  for (size_t i = 0; i < task->op_count; i++) {
    wm_op *op = &task->ops[i];
    if (op->max_timestamp == WM_NO_TIMESTAMP) continue;
    wasmill_dataflow_watermarks_observation_t seen = {op->number, op->max_timestamp, WM_NO_TIMESTAMP};
    PUSH(list, count, capacity, seen);
    op->max_timestamp = WM_NO_TIMESTAMP;
  }
  wasmill_dataflow_watermarks_list_observation_t wire = {list, count};
  if (count > 0) wasmill_dataflow_watermarks_observe(&wire);
  free(list);
}

static void tell_counters(void) {
  wasmill_dataflow_metrics_increment_t *list = NULL;
  size_t count = 0, capacity = 0;
  for (size_t i = 0; i < task->counter_count; i++) {
    wm_counter *counter = &task->counters[i];
    if (counter->amount == 0) continue;
    complete_string_t name = {(uint8_t *)counter->name, strlen(counter->name)};
    wasmill_dataflow_metrics_increment_t increment = {counter->operator_number, name, counter->amount};
    PUSH(list, count, capacity, increment);
    counter->amount = 0;
  }
  wasmill_dataflow_metrics_list_increment_t wire = {list, count};
  if (count > 0) wasmill_dataflow_metrics_count(&wire);
  free(list);
}

static void end_call(void) {
  if (task->failed) return;
  if (task->keyed != NULL) {
    if (task->keyed->node->kind == NODE_WINDOW) window_end(task->keyed);
    keyed_end(task->keyed);
  }
  for (size_t i = 0; i < task->port_count; i++) port_flush(task, &task->ports[i]);
  observe();
  tell_counters();
}

static void run_keyed(wm_op *op, const void *record) {
  const wm_node *node = op->node;
  if (node->kind == NODE_WINDOW) {
    window_element(&op->ctx, record);
  } else if (node->kind == NODE_KEYED) {
    node->process->element(&op->ctx, record);
  } else if (wm_value_get(&op->ctx, 0, op->result)) {
    node->reduce(&op->ctx, op->result, record);
    wm_value_set(&op->ctx, 0, op->result);
    wm_emit(&op->ctx, op->result);
  } else {
    wm_value_set(&op->ctx, 0, record);
    wm_emit(&op->ctx, record);
  }
}

/* Runs record i of a batch in an operator. */
static void run_record(wm_op *op, const wire_batch *batch, size_t i) {
  int64_t timestamp = batch->timestamps.len == 0 ? WM_NO_TIMESTAMP : batch->timestamps.ptr[i];
  memset(op->record, 0, op->node->in->size);
  if (!codec_decode(&task->arena, &op->in, column_at(&batch->values, i, batch->count), op->record)) {
    task_fail(task, "malformed record");
  } else if (is_keyed(op->node)) {
    op->ctx.timestamp = timestamp;
    op->ctx.slot = op->keyed->slots[i];
    run_keyed(op, op->record);
  } else {
    receive(op, op->record, timestamp);
  }
}

static bool check_batch(const wire_batch *batch) {
  bool timed = batch->timestamps.len == 0 || batch->timestamps.len == batch->count;
  return timed && column_check(&batch->keys, batch->count) && column_check(&batch->values, batch->count);
}

/* Processes records from the front; returns how many. */
static uint32_t run_batch(uint32_t input, const wire_batch *batch) {
  if (input >= task->input_count || !check_batch(batch)) {
    task_fail(task, "malformed batch, or of an input that the task has not");
    return 0;
  }
  const wm_output *heads = &task->inputs[input];
  for (size_t i = 0; i < heads->count; i++)
    if (is_keyed(heads->targets[i].op->node) && !enter(heads->targets[i].op, &batch->keys, batch->count))
      task_fail(task, "malformed answer of the host");
  uint32_t done = 0;
  for (; done < batch->count && !task->stop; done++) {
    task->record = done;
    for (size_t i = 0; i < heads->count && !task->failed; i++) run_record(heads->targets[i].op, batch, done);
  }
  if (!task->failed) task->record = -1;
  end_call();
  return done;
}

static uint32_t run_timers(wm_domain domain, const wire_timers *timers) {
  wm_op *op = task->keyed;
  uint32_t done = 0;
  if (timers->times.len != timers->count || !column_check(&timers->keys, timers->count)) {
    task_fail(task, "malformed timers");
    return 0;
  }
  if (op != NULL && !enter(op, &timers->keys, timers->count)) task_fail(task, "malformed answer of the host");
  for (; op != NULL && done < timers->count && !task->stop; done++) {
    int64_t time = timers->times.ptr[done];
    op->ctx.slot = op->keyed->slots[done];
    op->ctx.timer_time = time;
    op->ctx.timestamp = domain == WM_EVENT_TIME ? time : WM_NO_TIMESTAMP;
    if (op->node->kind == NODE_WINDOW) window_timer(&op->ctx);
    else if (op->node->kind == NODE_KEYED && op->node->process->timer != NULL) op->node->process->timer(&op->ctx, domain);
  }
  end_call();
  return op == NULL ? timers->count : done;
}

/* ---- Opening ---- */

static wm_op *op_of(uint32_t number) {
  for (size_t i = 0; i < task->op_count; i++)
    if (task->ops[i].number == number) return &task->ops[i];
  return NULL;
}

static void open_op(wm_op *op, uint32_t number, const exports_wasmill_dataflow_operator_list_state_number_t *states) {
  const wm_node *node = &task->env->nodes[number];
  wm_arena *arena = &task->env->arena;
  *op = (wm_op){.number = number, .node = node, .ctx = {.task = task, .op = op, .timestamp = WM_NO_TIMESTAMP}};
  op->max_timestamp = WM_NO_TIMESTAMP;
  op->in = codec_of(node->in);
  op->out = codec_of(node->out);
  op->key_codec = codec_of(node->key);
  op->sides = arena_alloc(arena, node->side_count * sizeof *op->sides);
  for (size_t i = 0; i < node->side_count; i++) op->sides[i] = codec_of(node->sides[i].type);
  op->outputs = arena_alloc(arena, (1 + node->side_count) * sizeof *op->outputs);
  op->record = arena_alloc(arena, node->in != NULL ? node->in->size : 0);
  op->result = arena_alloc(arena, node->out != NULL ? node->out->size : 0);
  op->key = arena_alloc(arena, node->key != NULL ? node->key->size : 0);
  if (!is_keyed(node)) return;
  task->keyed = op;
  op->keyed = arena_alloc(arena, sizeof *op->keyed);
  op->keyed->stores = arena_alloc(arena, node->state_count * sizeof *op->keyed->stores);
  for (size_t i = 0; i < node->state_count; i++) {
    wm_store *store = &op->keyed->stores[i];
    *store = (wm_store){.def = &node->states[i], .codec = codec_of(node->states[i].type), .number = NONE};
    for (size_t j = 0; j < states->len; j++) {
      wm_string name = {(const char *)states->ptr[j].name.ptr, states->ptr[j].name.len};
      if (states->ptr[j].operator_ == number && wm_string_equal(name, wm_string_of(store->def->name)))
        store->number = states->ptr[j].number;
    }
  }
}

static void wire_edges(const exports_wasmill_dataflow_operator_task_spec_t *spec) {
  const wm_env *env = task->env;
  for (size_t i = 0; i < env->edge_count; i++) {
    const wm_edge *edge = &env->edges[i];
    wm_op *from = op_of(edge->from), *to = op_of(edge->to);
    if (from == NULL || to == NULL || edge_partitioning(env, edge) != FORWARD) continue;
    wm_output *output = &from->outputs[edge->output];
    PUSH(output->targets, output->count, output->capacity, (wm_target){to, NULL});
  }
  for (size_t i = 0; i < spec->outputs.len; i++) {
    wm_op *from = op_of(spec->outputs.ptr[i].operator_);
    if (from == NULL || spec->outputs.ptr[i].index > from->node->side_count) continue;
    wm_output *output = &from->outputs[spec->outputs.ptr[i].index];
    PUSH(output->targets, output->count, output->capacity, (wm_target){NULL, &task->ports[i]});
  }
}

/* Opens the operators that the spec names; returns what is wrong, or NULL. */
static const char *open_task(const exports_wasmill_dataflow_operator_task_spec_t *spec) {
  wm_env *env = run_job(spec->arguments, false);
  if (env->error != NULL) return env->error;
  task = arena_alloc(&env->arena, sizeof *task);
  task->env = env;
  task->soft_bytes = spec->output_soft_bytes > 0 ? spec->output_soft_bytes : 1;
  task->subtask = spec->subtask;
  task->op_count = spec->operators.len;
  task->ops = arena_alloc(&env->arena, task->op_count * sizeof *task->ops);
  task->port_count = spec->outputs.len;
  task->ports = arena_alloc(&env->arena, task->port_count * sizeof *task->ports);
  for (size_t i = 0; i < task->port_count; i++) task->ports[i].number = (uint32_t)i;
  for (size_t i = 0; i < task->op_count; i++) {
    if (spec->operators.ptr[i] >= env->node_count) return "the host names an operator that the job has not";
    open_op(&task->ops[i], spec->operators.ptr[i], &spec->states);
  }
  wire_edges(spec);
  task->input_count = spec->inputs.len;
  task->inputs = arena_alloc(&env->arena, task->input_count * sizeof *task->inputs);
  for (size_t i = 0; i < spec->inputs.len; i++)
    for (size_t j = 0; j < spec->inputs.ptr[i].len; j++) {
      wm_op *op = op_of(spec->inputs.ptr[i].ptr[j].operator_);
      if (op == NULL) return "the host names an input that the job has not";
      PUSH(task->inputs[i].targets, task->inputs[i].count, task->inputs[i].capacity, (wm_target){op, NULL});
    }
  return NULL;
}
