/* Windows of event time. The open windows of a key are one value: an array, since they are few. A batch decodes those
 * of a key once, folds its records in, and writes them back once. A timer at the last millisecond of a window gives its
 * result; a session that has grown keeps the timer it had, which registers the next one when it comes early. */

/* Open windows of a key: `count` items of start, end, accumulator. */
typedef struct wm_panes {
  char *items;
  size_t count;
  bool loaded, dirty;
} wm_panes;

typedef struct {
  int64_t start, end;
} wm_bounds;

wm_windows wm_tumbling(int64_t size) { return (wm_windows){size, size, 0}; }
wm_windows wm_sliding(int64_t size, int64_t slide) { return (wm_windows){size, slide, 0}; }
wm_windows wm_session(int64_t gap) { return (wm_windows){0, 0, gap}; }

wm_stream *wm_aggregate(wm_keyed *stream, wm_windows windows, const wm_type *result, const wm_aggregate_def *def) {
  wm_env *env = stream->stream.env;
  if (windows.gap <= 0 && (windows.size <= 0 || windows.slide <= 0 || windows.slide > windows.size))
    wm_env_fail(env, "windows need a positive size and a slide up to it, or a positive gap");
  wm_field *fields = wm_env_alloc(env, 3 * sizeof *fields);
  fields[0] = (wm_field){"start", offsetof(wm_bounds, start), &wm_long, false};
  fields[1] = (wm_field){"end", offsetof(wm_bounds, end), &wm_long, false};
  fields[2] = (wm_field){"acc", sizeof(wm_bounds), def->acc, false};
  wm_type *types = wm_env_alloc(env, 2 * sizeof *types);
  size_t size = (sizeof(wm_bounds) + def->acc->size + 7) / 8 * 8;
  types[0] = (wm_type){WM_KIND_RECORD, size, "open_window", fields, 3, NULL};
  types[1] = (wm_type){WM_KIND_ARRAY, sizeof(wm_array), "array", NULL, 0, &types[0]};
  wm_state_def *state = wm_env_alloc(env, sizeof *state);
  *state = (wm_state_def){"window-contents", WM_VALUE, &types[1], NULL};
  wm_side_def *late = wm_env_alloc(env, sizeof *late);
  *late = (wm_side_def){"late", stream->stream.type};
  return after_key(stream, (wm_node){.kind = NODE_WINDOW, .type_name = windows.gap > 0 ? "session_window" : "window", .out = result,
                                     .windows = windows, .aggregate = def, .data = def->data, .states = state, .state_count = 1,
                                     .sides = late, .side_count = 1});
}

static size_t pane_size(const wm_op *op) { return op->node->states[0].type->items->size; }

static wm_panes *panes_of(wm_ctx *ctx) {
  wm_keyed_part *keyed = ctx->op->keyed;
  while (keyed->pane_count <= ctx->slot) PUSH(keyed->panes, keyed->pane_count, keyed->pane_capacity, (wm_panes){0});
  wm_panes *panes = &keyed->panes[ctx->slot];
  if (panes->loaded) return panes;
  panes->loaded = true;
  wm_array stored = {0};
  if (wm_value_get(ctx, 0, &stored)) *panes = (wm_panes){(char *)stored.items, stored.count, true, false};
  return panes;
}

static wm_bounds *pane_at(const wm_op *op, const wm_panes *panes, size_t i) {
  return (wm_bounds *)(panes->items + i * pane_size(op));
}

static void *pane_acc(wm_bounds *pane) { return pane + 1; }

/* Adds a pane before number `at`. */
static wm_bounds *pane_insert(wm_ctx *ctx, wm_panes *panes, size_t at, wm_bounds bounds) {
  size_t size = pane_size(ctx->op);
  char *items = wm_alloc(ctx, (panes->count + 1) * size);
  if (panes->count > 0) {
    memcpy(items, panes->items, at * size);
    memcpy(items + (at + 1) * size, panes->items + at * size, (panes->count - at) * size);
  }
  panes->items = items;
  panes->count++;
  wm_bounds *pane = pane_at(ctx->op, panes, at);
  *pane = bounds;
  const wm_aggregate_def *def = ctx->op->node->aggregate;
  if (def->create != NULL) def->create(ctx, pane_acc(pane));
  wm_register_timer(ctx, WM_EVENT_TIME, bounds.end - 1);
  return pane;
}

static void pane_remove(const wm_op *op, wm_panes *panes, size_t at) {
  size_t size = pane_size(op);
  memmove(panes->items + at * size, panes->items + (at + 1) * size, (panes->count - at - 1) * size);
  panes->count--;
}

/* The pane of exactly these bounds. */
static wm_bounds *pane_of(wm_ctx *ctx, wm_panes *panes, wm_bounds bounds) {
  size_t at = 0;
  for (; at < panes->count; at++) {
    wm_bounds *pane = pane_at(ctx->op, panes, at);
    if (pane->start == bounds.start) return pane;
    if (pane->start > bounds.start) break;
  }
  return pane_insert(ctx, panes, at, bounds);
}

/* The session that a record belongs to, made of all those it touches; NULL if it is over. */
static wm_bounds *session_of(wm_ctx *ctx, wm_panes *panes, int64_t time, int64_t gap) {
  wm_bounds bounds = {time, time + gap};
  size_t first = 0;
  while (first < panes->count && pane_at(ctx->op, panes, first)->end < bounds.start) first++;
  size_t end = first;
  for (; end < panes->count && pane_at(ctx->op, panes, end)->start <= bounds.end; end++) {
    const wm_bounds *pane = pane_at(ctx->op, panes, end);
    if (pane->start < bounds.start) bounds.start = pane->start;
    if (pane->end > bounds.end) bounds.end = pane->end;
  }
  if (bounds.end - 1 <= wm_watermark(ctx)) return NULL;
  if (first == end) return pane_insert(ctx, panes, first, bounds);
  wm_bounds *pane = pane_at(ctx->op, panes, first);
  for (size_t i = first + 1; i < end; i++)
    ctx->op->node->aggregate->merge(ctx, pane_acc(pane), pane_acc(pane_at(ctx->op, panes, i)));
  for (size_t i = end - 1; i > first; i--) pane_remove(ctx->op, panes, i);
  *pane = bounds;
  return pane;
}

/* Folds a record into its windows. */
static void window_element(wm_ctx *ctx, const void *record) {
  const wm_node *node = ctx->op->node;
  wm_panes *panes = panes_of(ctx);
  int64_t time = ctx->timestamp;
  bool taken = false;
  if (time == WM_NO_TIMESTAMP) {
    wm_fail(ctx, "the record has no timestamp: use wm_assign_timestamps before a window");
    return;
  }
  if (node->windows.gap > 0) {
    wm_bounds *pane = session_of(ctx, panes, time, node->windows.gap);
    if (pane != NULL) node->aggregate->add(ctx, pane_acc(pane), record);
    taken = pane != NULL;
  } else {
    int64_t into = time % node->windows.slide;
    if (into < 0) into += node->windows.slide;
    for (int64_t start = time - into; start > time - node->windows.size; start -= node->windows.slide) {
      if (start + node->windows.size - 1 <= wm_watermark(ctx)) break;
      wm_bounds *pane = pane_of(ctx, panes, (wm_bounds){start, start + node->windows.size});
      node->aggregate->add(ctx, pane_acc(pane), record);
      taken = true;
    }
  }
  panes->dirty = panes->dirty || taken;
  if (!taken) {
    wm_count(ctx, "late_records", 1);
    wm_emit_side(ctx, 0, record);
  }
}

/* Gives the results of the windows that are over. */
static void window_timer(wm_ctx *ctx) {
  wm_op *op = ctx->op;
  wm_panes *panes = panes_of(ctx);
  int64_t next = INT64_MAX;
  for (size_t i = 0; i < panes->count;) {
    wm_bounds *pane = pane_at(op, panes, i);
    if (pane->end - 1 > ctx->timer_time) {
      if (pane->end - 1 < next) next = pane->end - 1;
      i++;
      continue;
    }
    wm_window window = {wm_key(ctx), pane->start, pane->end};
    memset(op->result, 0, op->node->out->size);
    op->node->aggregate->result(ctx, pane_acc(pane), &window, op->result);
    wm_emit_at(ctx, op->result, pane->end - 1);
    pane_remove(op, panes, i);
    panes->dirty = true;
  }
  if (panes->count > 0 && op->node->windows.gap > 0) wm_register_timer(ctx, WM_EVENT_TIME, next);
}

/* Hands the windows that changed to the state. */
static void window_end(wm_op *op) {
  wm_keyed_part *keyed = op->keyed;
  for (size_t slot = 0; slot < keyed->pane_count; slot++) {
    wm_panes *panes = &keyed->panes[slot];
    if (!panes->dirty) continue;
    op->ctx.slot = (uint32_t)slot;
    wm_array items = {panes->items, panes->count};
    if (panes->count > 0) wm_value_set(&op->ctx, 0, &items);
    else wm_value_clear(&op->ctx, 0);
  }
  keyed->pane_count = 0;
}
