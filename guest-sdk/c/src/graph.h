/* The job graph as the job function builds it, its parameters, and the two documents of wit/MANIFEST.md. Operators are
 * numbered in the order of calls, so an edge always leads to a higher number. */

typedef enum {
  NODE_SOURCE,
  NODE_SINK,
  NODE_INPUT,
  NODE_OUTPUT,
  NODE_MAP,
  NODE_FILTER,
  NODE_FLAT_MAP,
  NODE_KEY_BY,
  NODE_ASSIGN,
  NODE_UNION,
  NODE_PROCESS,
  NODE_KEYED,
  NODE_REDUCE,
  NODE_WINDOW
} node_kind;

typedef enum { FORWARD, HASH, REBALANCE, BROADCAST } wm_partitioning;

typedef struct {
  uint32_t from, output, to, input;
  wm_partitioning partitioning;
} wm_edge;

/* An operator. What it does is one of the functions or definitions, by its kind. */
typedef struct {
  node_kind kind;
  const char *uid, *name, *type_name;
  uint32_t parallelism;
  const char *connector; /* JSON without the closing brace */
  const wm_type *in, *out, *key;
  const void *data;
  wm_map_fn map;
  wm_filter_fn filter;
  wm_flat_map_fn flat_map;
  wm_key_fn key_of;
  wm_timestamp_fn timestamp;
  wm_reduce_fn reduce;
  wm_watermarks watermarks;
  wm_windows windows;
  const wm_process_def *process;
  const wm_aggregate_def *aggregate;
  const wm_source_def *source;
  const wm_sink_def *sink;
  const wm_state_def *states;
  size_t state_count;
  const wm_side_def *sides;
  size_t side_count;
} wm_node;

typedef struct {
  const char *name, *type, *description;
  char *fallback; /* JSON */
} wm_parameter;

struct wm_env {
  wm_arena arena;
  complete_list_tuple2_string_string_t arguments;
  bool describing;
  const char *error;
  uint32_t max_parallelism;
  wm_node *nodes;
  size_t node_count, node_capacity;
  wm_edge *edges;
  size_t edge_count, edge_capacity;
  wm_parameter *parameters;
  size_t parameter_count, parameter_capacity;
};

struct wm_stream {
  wm_env *env;
  uint32_t node, output;
  wm_partitioning partitioning;
  const wm_type *type;
};

struct wm_keyed {
  wm_stream stream;
  const wm_type *key;
};

struct wm_connector {
  wm_env *env;
  const char *type_name;
  wm_buffer json;
  bool wants_schema;
};

/* Parts of a text, joined in the arena. */
static const char *join(wm_arena *arena, const char *const *parts, size_t count) {
  size_t length = 0;
  for (size_t i = 0; i < count; i++) length += strlen(parts[i]);
  char *text = arena_alloc(arena, length + 1), *at = text;
  for (size_t i = 0; i < count; i++) {
    memcpy(at, parts[i], strlen(parts[i]));
    at += strlen(parts[i]);
  }
  return text;
}
#define JOIN(ARENA, ...) \
  join(ARENA, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* ---- JSON ---- */

static void json_string(wm_buffer *out, wm_string text) {
  static const char digits[] = "0123456789abcdef";
  buffer_text(out, "\"");
  for (size_t i = 0; i < text.len; i++) {
    uint8_t byte = (uint8_t)text.ptr[i];
    if (byte == '"' || byte == '\\') {
      buffer_put(out, (char[]){'\\', (char)byte}, 2);
    } else if (byte < 0x20) {
      buffer_put(out, (char[]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6);
    } else {
      buffer_put(out, &byte, 1);
    }
  }
  buffer_text(out, "\"");
}

static void json_text(wm_buffer *out, const char *text) { json_string(out, wm_string_of(text)); }

static char *number_text(int64_t number, char text[24]) {
  uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  char *at = text + 23;
  *at = 0;
  do *--at = (char)('0' + left % 10);
  while ((left /= 10) > 0);
  if (number < 0) *--at = '-';
  return at;
}

static void json_number(wm_buffer *out, int64_t number) {
  char text[24];
  buffer_text(out, number_text(number, text));
}

/* Structs are named once and then by their name; within one schema they are few. */
typedef struct {
  const wm_type *known[32];
  size_t count;
} schema_names;

static void json_schema_in(wm_buffer *out, const wm_type *type, schema_names *names) {
  if (type->kind == WM_KIND_ARRAY) {
    buffer_text(out, "{\"type\":\"array\",\"items\":");
    json_schema_in(out, type->items, names);
    buffer_text(out, "}");
    return;
  }
  bool known = type->kind != WM_KIND_RECORD;
  for (size_t i = 0; i < names->count; i++) known = known || names->known[i] == type;
  if (known) {
    json_text(out, type->name);
    return;
  }
  if (names->count < sizeof names->known / sizeof *names->known) names->known[names->count++] = type;
  buffer_text(out, "{\"type\":\"record\",\"name\":");
  json_text(out, type->name);
  buffer_text(out, ",\"fields\":[");
  for (size_t i = 0; i < type->field_count; i++) {
    buffer_text(out, i == 0 ? "{\"name\":" : ",{\"name\":");
    json_text(out, type->fields[i].name);
    buffer_text(out, ",\"type\":");
    if (type->fields[i].nullable) buffer_text(out, "[\"null\",");
    json_schema_in(out, type->fields[i].type, names);
    buffer_text(out, type->fields[i].nullable ? "]}" : "}");
  }
  buffer_text(out, "]}");
}

static void json_schema(wm_buffer *out, const wm_type *type) { json_schema_in(out, type, &(schema_names){.count = 0}); }

/* ---- Building ---- */

void *wm_env_alloc(wm_env *env, size_t bytes) { return arena_alloc(&env->arena, bytes); }

void wm_env_fail(wm_env *env, const char *text) {
  if (env->error == NULL) env->error = arena_text(&env->arena, text);
}

void wm_max_parallelism(wm_env *env, uint32_t key_groups) { env->max_parallelism = key_groups; }

static wm_stream *add_node(wm_env *env, wm_node node, const wm_stream *const *inputs, size_t input_count) {
  uint32_t number = (uint32_t)env->node_count;
  for (size_t i = 0; i < input_count; i++) {
    const wm_stream *from = inputs[i];
    wm_edge edge = {from->node, from->output, number, (uint32_t)i, from->partitioning};
    PUSH(env->edges, env->edge_count, env->edge_capacity, edge);
  }
  PUSH(env->nodes, env->node_count, env->node_capacity, node);
  wm_stream *stream = arena_alloc(&env->arena, sizeof *stream);
  *stream = (wm_stream){env, number, 0, FORWARD, node.out};
  return stream;
}

static wm_stream *after(wm_stream *stream, wm_node node) {
  node.in = stream->type;
  return add_node(stream->env, node, (const wm_stream *const[]){stream}, 1);
}

static wm_node *node_of(wm_stream *stream) { return &stream->env->nodes[stream->node]; }

wm_stream *wm_uid(wm_stream *stream, const char *uid) {
  node_of(stream)->uid = arena_text(&stream->env->arena, uid);
  return stream;
}

wm_stream *wm_name(wm_stream *stream, const char *name) {
  node_of(stream)->name = arena_text(&stream->env->arena, name);
  return stream;
}

wm_stream *wm_parallelism(wm_stream *stream, uint32_t subtasks) {
  node_of(stream)->parallelism = subtasks;
  return stream;
}

static wm_stream *partitioned(wm_stream *stream, wm_partitioning partitioning) {
  wm_stream *next = arena_copy(&stream->env->arena, stream, sizeof *stream);
  next->partitioning = partitioning;
  return next;
}

wm_stream *wm_rebalance(wm_stream *stream) { return partitioned(stream, REBALANCE); }
wm_stream *wm_broadcast(wm_stream *stream) { return partitioned(stream, BROADCAST); }

wm_stream *wm_map(wm_stream *stream, const wm_type *result, wm_map_fn map, const void *data) {
  return after(stream, (wm_node){.kind = NODE_MAP, .type_name = "map", .out = result, .map = map, .data = data});
}

wm_stream *wm_filter(wm_stream *stream, wm_filter_fn keep, const void *data) {
  return after(stream, (wm_node){.kind = NODE_FILTER, .type_name = "filter", .out = stream->type, .filter = keep, .data = data});
}

wm_stream *wm_flat_map(wm_stream *stream, const wm_type *result, wm_flat_map_fn flat_map, const void *data) {
  return after(stream, (wm_node){.kind = NODE_FLAT_MAP, .type_name = "flat_map", .out = result, .flat_map = flat_map, .data = data});
}

wm_stream *wm_union(wm_stream *first, wm_stream *second) {
  wm_node node = {.kind = NODE_UNION, .type_name = "union", .in = first->type, .out = first->type};
  if (first->type != second->type) wm_env_fail(first->env, "a union needs two streams of one type");
  return add_node(first->env, node, (const wm_stream *const[]){first, second}, 2);
}

wm_stream *wm_assign_timestamps(wm_stream *stream, wm_watermarks rule, wm_timestamp_fn timestamp, const void *data) {
  return after(stream, (wm_node){.kind = NODE_ASSIGN, .type_name = "assign_timestamps", .out = stream->type,
                                 .timestamp = timestamp, .watermarks = rule, .data = data});
}

wm_keyed *wm_key_by(wm_stream *stream, const wm_type *key, wm_key_fn key_of, const void *data) {
  wm_stream *out = after(stream, (wm_node){.kind = NODE_KEY_BY, .type_name = "key_by", .out = stream->type, .key = key,
                                           .key_of = key_of, .data = data});
  wm_keyed *keyed = wm_env_alloc(stream->env, sizeof *keyed);
  *keyed = (wm_keyed){*out, key};
  keyed->stream.partitioning = HASH;
  return keyed;
}

static wm_stream *after_key(wm_keyed *keyed, wm_node node) {
  node.key = keyed->key;
  return after(&keyed->stream, node);
}

wm_stream *wm_process(wm_keyed *stream, const wm_type *result, const wm_process_def *def) {
  return after_key(stream, (wm_node){.kind = NODE_KEYED, .type_name = "process", .out = result, .process = def, .data = def->data,
                                     .states = def->states, .state_count = def->state_count, .sides = def->sides,
                                     .side_count = def->side_count});
}

wm_stream *wm_process_records(wm_stream *stream, const wm_type *result, const wm_process_def *def) {
  if (def->state_count > 0) wm_env_fail(stream->env, "only an operator of a keyed stream has states");
  return after(stream, (wm_node){.kind = NODE_PROCESS, .type_name = "process", .out = result, .process = def, .data = def->data,
                                 .sides = def->sides, .side_count = def->side_count});
}

wm_stream *wm_reduce(wm_keyed *stream, wm_reduce_fn reduce, const void *data) {
  wm_state_def *state = wm_env_alloc(stream->stream.env, sizeof *state);
  *state = (wm_state_def){"reduced", WM_VALUE, stream->stream.type, NULL};
  return after_key(stream, (wm_node){.kind = NODE_REDUCE, .type_name = "reduce", .out = stream->stream.type, .reduce = reduce,
                                     .data = data, .states = state, .state_count = 1});
}

wm_stream *wm_side(wm_stream *stream, size_t side) {
  wm_node *node = node_of(stream);
  wm_stream *out = arena_copy(&stream->env->arena, stream, sizeof *stream);
  if (side >= node->side_count) {
    wm_env_fail(stream->env, "an operator has no side output of this number");
    return out;
  }
  out->output = (uint32_t)side + 1;
  out->type = node->sides[side].type;
  return out;
}

wm_stream *wm_open_input(wm_env *env, const char *name, const wm_type *type) {
  return add_node(env, (wm_node){.kind = NODE_INPUT, .uid = JOIN(&env->arena, "input.", name), .name = arena_text(&env->arena, name),
                                 .type_name = "input", .out = type}, NULL, 0);
}

void wm_open_output(wm_stream *stream, const char *name) {
  wm_arena *arena = &stream->env->arena;
  after(stream, (wm_node){.kind = NODE_OUTPUT, .uid = JOIN(arena, "output.", name), .name = arena_text(arena, name), .type_name = "output"});
}

/* ---- Parameters ---- */

static const complete_string_t *argument(const wm_env *env, const char *name) {
  for (size_t i = env->arguments.len; i-- > 0;) {
    const complete_string_t *given = &env->arguments.ptr[i].f0;
    if (given->len == strlen(name) && memcmp(given->ptr, name, given->len) == 0) return &env->arguments.ptr[i].f1;
  }
  return NULL;
}

/* The text that was given for a parameter, or NULL. Notes the parameter, with its default as JSON. */
static const char *ask(wm_env *env, const char *name, const char *type, wm_buffer *fallback, const char *description) {
  const complete_string_t *given = argument(env, name);
  wm_parameter parameter = {arena_text(&env->arena, name), type, arena_text(&env->arena, description), NULL};
  if (fallback != NULL) {
    parameter.fallback = arena_alloc(&env->arena, fallback->len + 1);
    memcpy(parameter.fallback, fallback->data, fallback->len);
    free(fallback->data);
  } else if (given == NULL && !env->describing) {
    wm_env_fail(env, JOIN(&env->arena, "parameter ", name, ": it is missing, give a ", type));
  }
  PUSH(env->parameters, env->parameter_count, env->parameter_capacity, parameter);
  if (given == NULL) return NULL;
  char *text = arena_alloc(&env->arena, given->len + 1);
  memcpy(text, given->ptr, given->len);
  return text;
}

static void refuse(wm_env *env, const char *name, const char *text, const char *type) {
  wm_env_fail(env, JOIN(&env->arena, "parameter ", name, ": `", text, "` is no ", type));
}

wm_string wm_param_text(wm_env *env, const char *name, const char *fallback, const char *description) {
  wm_buffer json = {0};
  if (fallback != NULL) json_text(&json, fallback);
  const char *text = ask(env, name, "string", fallback == NULL ? NULL : &json, description);
  return wm_string_of(text != NULL ? text : fallback != NULL ? fallback : "");
}

int64_t wm_param_long(wm_env *env, const char *name, const int64_t *fallback, const char *description) {
  wm_buffer json = {0};
  if (fallback != NULL) json_number(&json, *fallback);
  const char *text = ask(env, name, "long", fallback == NULL ? NULL : &json, description);
  if (text == NULL) return fallback != NULL ? *fallback : 0;
  const char *digit = text + (*text == '-');
  bool good = *digit != 0;
  uint64_t number = 0, limit = (uint64_t)INT64_MAX + (*text == '-');
  for (; *digit != 0 && good; digit++) {
    good = *digit >= '0' && *digit <= '9' && number <= (limit - (uint64_t)(*digit - '0')) / 10;
    number = number * 10 + (uint64_t)(*digit - '0');
  }
  if (!good) refuse(env, name, text, "long");
  return (int64_t)(*text == '-' ? 0 - number : number);
}

double wm_param_double(wm_env *env, const char *name, const double *fallback, const char *description) {
  wm_buffer json = {0};
  /* Parts of a million are enough for a default that people read. */
  if (fallback != NULL) {
    double whole = *fallback * 1e6;
    json_number(&json, (int64_t)(whole < 0 ? whole - 0.5 : whole + 0.5));
    buffer_text(&json, "e-6");
  }
  const char *text = ask(env, name, "double", fallback == NULL ? NULL : &json, description);
  if (text == NULL) return fallback != NULL ? *fallback : 0;
  char *end;
  double number = strtod(text, &end);
  if (*text == 0 || *end != 0) refuse(env, name, text, "double");
  return number;
}

bool wm_param_boolean(wm_env *env, const char *name, const bool *fallback, const char *description) {
  wm_buffer json = {0};
  if (fallback != NULL) buffer_text(&json, *fallback ? "true" : "false");
  const char *text = ask(env, name, "boolean", fallback == NULL ? NULL : &json, description);
  if (text == NULL) return fallback != NULL && *fallback;
  if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) refuse(env, name, text, "boolean");
  return strcmp(text, "true") == 0;
}

/* Refuses arguments that the job never asked for. */
static void check_arguments(wm_env *env) {
  for (size_t i = 0; i < env->arguments.len; i++) {
    wm_string given = {(const char *)env->arguments.ptr[i].f0.ptr, env->arguments.ptr[i].f0.len};
    bool known = given.len >= 6 && memcmp(given.ptr, "input.", 6) == 0;
    const char *names = "";
    for (size_t j = 0; j < env->parameter_count; j++) {
      known = known || wm_string_equal(given, wm_string_of(env->parameters[j].name));
      names = JOIN(&env->arena, names, j == 0 ? "" : ", ", env->parameters[j].name);
    }
    if (known) continue;
    char *name = arena_alloc(&env->arena, given.len + 1);
    memcpy(name, given.ptr, given.len);
    wm_env_fail(env, JOIN(&env->arena, "parameter ", name, ": the job has no such parameter, it has: ", names));
  }
}

/* ---- The documents ---- */

static const char *node_uid(wm_env *env, uint32_t number) {
  const wm_node *node = &env->nodes[number];
  if (node->uid != NULL) return node->uid;
  char text[24];
  char *uid = (char *)JOIN(&env->arena, node->type_name, "-", number_text(number, text));
  for (char *at = uid; *at != 0; at++)
    if (*at == '_' || *at == ' ') *at = '-';
  return uid;
}

/* A node takes the parallelism of its input if it is one of those that only pass records on. */
static uint32_t node_parallelism(const wm_env *env, uint32_t number) {
  const wm_node *node = &env->nodes[number];
  bool follows = node->kind >= NODE_MAP && node->kind <= NODE_PROCESS && node->kind != NODE_UNION;
  if (node->parallelism != 0 || !follows) return node->parallelism;
  for (size_t i = 0; i < env->edge_count; i++)
    if (env->edges[i].to == number) return node_parallelism(env, env->edges[i].from);
  return 0;
}

/* Forward edges between operators of different parallelism are rebalanced. */
static wm_partitioning edge_partitioning(const wm_env *env, const wm_edge *edge) {
  bool same = node_parallelism(env, edge->from) == node_parallelism(env, edge->to);
  return edge->partitioning == FORWARD && !same ? REBALANCE : edge->partitioning;
}

/* As the documents have it, for what comes before NODE_MAP. */
static const char *kind_name(const wm_node *node) {
  static const char *const names[] = {"source", "sink", "input", "output"};
  return node->kind < NODE_MAP ? names[node->kind] : "operator";
}

static bool is_keyed(const wm_node *node) { return node->kind >= NODE_KEYED; }

static void json_states(wm_buffer *out, const wm_node *node) {
  static const char *const kinds[] = {"value", "list", "map"};
  buffer_text(out, ",\"states\":[");
  for (size_t i = 0; i < node->state_count; i++) {
    const wm_state_def *state = &node->states[i];
    buffer_text(out, i == 0 ? "{\"name\":" : ",{\"name\":");
    json_text(out, state->name);
    buffer_text(out, ",\"kind\":");
    json_text(out, kinds[state->kind]);
    buffer_text(out, ",\"schema\":");
    json_schema(out, state->type);
    buffer_text(out, ",\"sub_key_schema\":");
    if (state->sub_key == NULL) buffer_text(out, "null");
    else json_schema(out, state->sub_key);
    buffer_text(out, "}");
  }
  buffer_text(out, "]");
}

static void json_outputs(wm_buffer *out, const wm_node *node) {
  buffer_text(out, ",\"outputs\":[{\"name\":\"out\",\"schema\":");
  json_schema(out, node->out);
  if (node->kind == NODE_KEY_BY) {
    buffer_text(out, ",\"key_schema\":");
    json_schema(out, node->key);
  }
  buffer_text(out, "}");
  for (size_t i = 0; i < node->side_count; i++) {
    buffer_text(out, ",{\"name\":");
    json_text(out, node->sides[i].name);
    buffer_text(out, ",\"schema\":");
    json_schema(out, node->sides[i].type);
    buffer_text(out, "}");
  }
  buffer_text(out, "]");
}

static void json_watermarks(wm_buffer *out, const wm_node *node) {
  if (node->kind != NODE_ASSIGN) {
    buffer_text(out, ",\"watermarks\":null");
    return;
  }
  buffer_text(out, ",\"watermarks\":{\"strategy\":\"bounded\",\"max_out_of_orderness_ms\":");
  json_number(out, node->watermarks.max_out_of_orderness);
  buffer_text(out, ",\"idle_after_ms\":");
  if (node->watermarks.idle_after > 0) json_number(out, node->watermarks.idle_after);
  else buffer_text(out, "null");
  buffer_text(out, "}");
}

static void json_node(wm_buffer *out, wm_env *env, uint32_t number) {
  const wm_node *node = &env->nodes[number];
  buffer_text(out, "{\"id\":");
  json_number(out, number);
  buffer_text(out, ",\"uid\":");
  json_text(out, node_uid(env, number));
  buffer_text(out, ",\"name\":");
  json_text(out, node->name != NULL ? node->name : node->type_name);
  buffer_text(out, ",\"kind\":");
  json_text(out, kind_name(node));
  buffer_text(out, ",\"parallelism\":");
  uint32_t parallelism = node_parallelism(env, number);
  if (parallelism == 0) buffer_text(out, "null");
  else json_number(out, parallelism);
  if (node->connector != NULL) {
    buffer_text(out, ",\"connector\":");
    buffer_text(out, node->connector);
    buffer_text(out, "}");
  }
  if (node->in != NULL) {
    buffer_text(out, ",\"inputs\":[");
    for (int i = 0; i <= (node->kind == NODE_UNION); i++) {
      buffer_text(out, i == 0 ? "{\"schema\":" : ",{\"schema\":");
      json_schema(out, node->in);
      buffer_text(out, "}");
    }
    buffer_text(out, "]");
  }
  if (node->out != NULL) json_outputs(out, node);
  if (node->kind >= NODE_MAP) {
    buffer_text(out, is_keyed(node) ? ",\"keyed\":true" : ",\"keyed\":false");
    json_states(out, node);
    json_watermarks(out, node);
  }
  if ((node->source != NULL && node->source->wants_files) || (node->sink != NULL && node->sink->wants_files))
    buffer_text(out, ",\"grants\":[\"files\"]");
  buffer_text(out, "}");
}

static void json_nodes(wm_buffer *out, wm_env *env) {
  buffer_text(out, ",\"operators\":[");
  for (uint32_t number = 0; number < env->node_count; number++) {
    if (number > 0) buffer_text(out, ",");
    json_node(out, env, number);
  }
  buffer_text(out, "]");
}

static void json_plan(wm_buffer *out, wm_env *env) {
  static const char *const names[] = {"forward", "hash", "rebalance", "broadcast"};
  buffer_text(out, "{\"version\":1,\"name\":");
  json_text(out, wm_job_name);
  buffer_text(out, ",\"max_parallelism\":");
  json_number(out, env->max_parallelism);
  json_nodes(out, env);
  buffer_text(out, ",\"edges\":[");
  for (size_t i = 0; i < env->edge_count; i++) {
    const wm_edge *edge = &env->edges[i];
    buffer_text(out, i == 0 ? "{\"from\":" : ",{\"from\":");
    json_number(out, edge->from);
    buffer_text(out, ",\"output\":");
    json_number(out, edge->output);
    buffer_text(out, ",\"to\":");
    json_number(out, edge->to);
    buffer_text(out, ",\"input\":");
    json_number(out, edge->input);
    buffer_text(out, ",\"partitioning\":");
    json_text(out, names[edge_partitioning(env, edge)]);
    buffer_text(out, "}");
  }
  buffer_text(out, "]}");
}

static void json_manifest(wm_buffer *out, wm_env *env) {
  buffer_text(out, "{\"version\":1,\"name\":");
  json_text(out, wm_job_name);
  buffer_text(out, ",\"sdk\":{\"language\":\"c\",\"name\":\"wasmill-c\",\"version\":\"0.1.0\"},\"parameters\":[");
  for (size_t i = 0; i < env->parameter_count; i++) {
    const wm_parameter *parameter = &env->parameters[i];
    buffer_text(out, i == 0 ? "{\"name\":" : ",{\"name\":");
    json_text(out, parameter->name);
    buffer_text(out, ",\"type\":");
    json_text(out, parameter->type);
    buffer_text(out, ",\"default\":");
    buffer_text(out, parameter->fallback != NULL ? parameter->fallback : "null");
    buffer_text(out, ",\"description\":");
    json_text(out, parameter->description);
    buffer_text(out, "}");
  }
  buffer_text(out, "]");
  json_nodes(out, env);
  buffer_text(out, "}");
}

/* Runs the job function; the environment has its error, if any. */
static wm_env *run_job(complete_list_tuple2_string_string_t arguments, bool describing) {
  wm_env *env = checked(calloc(1, sizeof *env));
  env->arguments = arguments;
  env->describing = describing;
  env->max_parallelism = 128;
  wm_job(env);
  return env;
}

static void env_free(wm_env *env) {
  while (env->arena.blocks != NULL) {
    wm_block *next = env->arena.blocks->next;
    free(env->arena.blocks);
    env->arena.blocks = next;
  }
  free(env->nodes);
  free(env->edges);
  free(env->parameters);
  free(env);
}
