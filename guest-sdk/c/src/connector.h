/* Connectors of the host as JSON, sources and sinks of the component in the graph, and files. */

wm_connector *wm_connector_of(wm_env *env, const char *type) {
  wm_connector *connector = wm_env_alloc(env, sizeof *connector);
  connector->env = env;
  connector->type_name = arena_text(&env->arena, type);
  buffer_text(&connector->json, "{\"type\":");
  json_text(&connector->json, type);
  return connector;
}

static wm_buffer *connector_key(wm_connector *connector, const char *key) {
  buffer_text(&connector->json, ",");
  json_text(&connector->json, key);
  buffer_text(&connector->json, ":");
  return &connector->json;
}

wm_connector *wm_with(wm_connector *connector, const char *key, const char *json) {
  buffer_text(connector_key(connector, key), json);
  return connector;
}

wm_connector *wm_with_text(wm_connector *connector, const char *key, wm_string value) {
  json_string(connector_key(connector, key), value);
  return connector;
}

wm_connector *wm_with_long(wm_connector *connector, const char *key, int64_t value) {
  json_number(connector_key(connector, key), value);
  return connector;
}

wm_connector *wm_text_files(wm_env *env, wm_string path) {
  return wm_with_text(wm_connector_of(env, "text-files"), "path", path);
}

static wm_connector *formatted_files(wm_env *env, wm_string path, const char *format) {
  wm_connector *connector = wm_with_text(wm_text_files(env, path), "format", wm_string_of(format));
  connector->wants_schema = true;
  return connector;
}

wm_connector *wm_json_lines(wm_env *env, wm_string path) { return formatted_files(env, path, "json-lines"); }
wm_connector *wm_csv(wm_env *env, wm_string path) { return formatted_files(env, path, "csv"); }

wm_connector *wm_generator(wm_env *env, const char *data) {
  return wm_with_text(wm_connector_of(env, "generator"), "data", wm_string_of(data));
}

wm_connector *wm_print(wm_env *env) { return wm_connector_of(env, "print"); }
wm_connector *wm_collect(wm_env *env) { return wm_connector_of(env, "collect"); }
wm_connector *wm_checksum(wm_env *env) { return wm_connector_of(env, "checksum"); }

/* The connector's JSON without its closing brace. */
static const char *connector_json(wm_connector *connector) {
  char *json = arena_alloc(&connector->env->arena, connector->json.len + 1);
  memcpy(json, connector->json.data, connector->json.len);
  free(connector->json.data);
  connector->json = (wm_buffer){0};
  return json;
}

wm_stream *wm_source(wm_env *env, const wm_type *type, wm_connector *connector) {
  if (connector->wants_schema) json_schema(connector_key(connector, "schema"), type);
  wm_node node = {.kind = NODE_SOURCE, .type_name = connector->type_name, .out = type, .connector = connector_json(connector)};
  return add_node(env, node, NULL, 0);
}

void wm_sink(wm_stream *stream, wm_connector *connector) {
  after(stream, (wm_node){.kind = NODE_SINK, .type_name = connector->type_name, .connector = connector_json(connector)});
}

wm_stream *wm_add_source(wm_env *env, const wm_type *type, const wm_source_def *def) {
  wm_node node = {.kind = NODE_SOURCE, .type_name = "source", .out = type, .connector = "{\"type\":\"component\"",
                  .source = def, .data = def->data};
  return add_node(env, node, NULL, 0);
}

void wm_add_sink(wm_stream *stream, const wm_sink_def *def) {
  after(stream, (wm_node){.kind = NODE_SINK, .type_name = "sink", .connector = "{\"type\":\"component\"", .sink = def,
                          .data = def->data});
}

void wm_add_split(wm_ctx *ctx, const void *position) {
  wm_task *task = ctx->task;
  size_t before = task->encoded.len;
  row_encode(&task->encoded, ctx->op->node->source->position, position);
  PUSH(task->splits, task->split_count, task->split_capacity, task->encoded.len - before);
}

size_t wm_room(wm_ctx *ctx) {
  const wm_task *task = ctx->task;
  if (task->polled.values.data.len >= task->soft_bytes) return 0;
  return task->polled.count >= task->max_records ? 0 : task->max_records - task->polled.count;
}

/* ---- Files ---- */

static complete_string_t wire_text(wm_string text) { return (complete_string_t){(uint8_t *)text.ptr, text.len}; }

static void file_failed(wm_ctx *ctx, wasmill_dataflow_files_file_error_t *error) {
  static const char *const texts[] = {"a file: no directory was granted",
                                      "a file: the name is not one of a file in the directory",
                                      "a file: there is no such file",
                                      "a file: there is one of the new name",
                                      "a file: it is more at once than the host allows",
                                      "a file: the system refused"};
  wm_fail(ctx, error->tag < sizeof texts / sizeof *texts ? texts[error->tag] : "a file: unknown error");
  wasmill_dataflow_files_file_error_free(error);
}

uint64_t wm_file_append(wm_ctx *ctx, wm_string name, wm_string data) {
  wasmill_dataflow_files_file_error_t error;
  complete_string_t text = wire_text(name);
  complete_list_u8_t bytes = {(uint8_t *)data.ptr, data.len};
  uint64_t length = 0;
  if (!wasmill_dataflow_files_append(ctx->op->number, &text, &bytes, &length, &error)) file_failed(ctx, &error);
  return length;
}

void wm_file_sync(wm_ctx *ctx, wm_string name) {
  wasmill_dataflow_files_file_error_t error;
  complete_string_t text = wire_text(name);
  if (!wasmill_dataflow_files_sync(ctx->op->number, &text, &error)) file_failed(ctx, &error);
}

bool wm_file_rename(wm_ctx *ctx, wm_string from, wm_string to) {
  wasmill_dataflow_files_file_error_t error;
  complete_string_t old = wire_text(from), new = wire_text(to);
  if (wasmill_dataflow_files_rename(ctx->op->number, &old, &new, &error)) return true;
  bool expected = error.tag == WASMILL_DATAFLOW_FILES_FILE_ERROR_NOT_FOUND ||
                  error.tag == WASMILL_DATAFLOW_FILES_FILE_ERROR_ALREADY_EXISTS;
  if (!expected) file_failed(ctx, &error);
  return false;
}

bool wm_file_size(wm_ctx *ctx, wm_string name, uint64_t *size) {
  wasmill_dataflow_files_file_error_t error;
  complete_string_t text = wire_text(name);
  complete_option_u64_t found = {false, 0};
  if (!wasmill_dataflow_files_size(ctx->op->number, &text, &found, &error)) file_failed(ctx, &error);
  *size = found.val;
  return found.is_some;
}

wm_string wm_file_read(wm_ctx *ctx, wm_string name, uint64_t offset, uint32_t length) {
  wasmill_dataflow_files_file_error_t error;
  complete_string_t text = wire_text(name);
  complete_list_u8_t bytes;
  if (!wasmill_dataflow_files_read(ctx->op->number, &text, offset, length, &bytes, &error)) {
    file_failed(ctx, &error);
    return (wm_string){"", 0};
  }
  wm_string read = {arena_copy(&ctx->task->arena, bytes.ptr, bytes.len), bytes.len};
  complete_list_u8_free(&bytes);
  return read;
}

void wm_file_remove(wm_ctx *ctx, wm_string name) {
  wasmill_dataflow_files_file_error_t error;
  complete_string_t text = wire_text(name);
  if (!wasmill_dataflow_files_remove(ctx->op->number, &text, &error)) file_failed(ctx, &error);
}

wm_array wm_file_list(wm_ctx *ctx, wm_string after_name, uint32_t limit) {
  wasmill_dataflow_files_file_error_t error;
  complete_string_t text = wire_text(after_name);
  complete_list_string_t names;
  if (!wasmill_dataflow_files_list(ctx->op->number, &text, limit, &names, &error)) {
    file_failed(ctx, &error);
    return (wm_array){NULL, 0};
  }
  wm_string *copies = arena_alloc(&ctx->task->arena, names.len * sizeof *copies);
  for (size_t i = 0; i < names.len; i++)
    copies[i] = (wm_string){arena_copy(&ctx->task->arena, names.ptr[i].ptr, names.ptr[i].len), names.ptr[i].len};
  size_t count = names.len;
  complete_list_string_free(&names);
  return (wm_array){copies, count};
}
