/* Memory of a call or an instance, growing buffers, and columns. Running out of memory traps: the host reports it and
 * goes on with a fresh instance. */

typedef struct wm_block {
  struct wm_block *next;
  size_t size, used;
  max_align_t data[];
} wm_block;

/* Memory that is given back as a whole. */
typedef struct {
  wm_block *blocks;
} wm_arena;

static void *checked(void *memory) {
  if (memory == NULL) __builtin_trap();
  return memory;
}

static void *arena_alloc(wm_arena *arena, size_t bytes) {
  bytes = (bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
  wm_block *block = arena->blocks;
  if (block == NULL || block->size - block->used < bytes) {
    size_t size = bytes > 64 * 1024 ? bytes : 64 * 1024;
    block = checked(malloc(sizeof(wm_block) + size));
    *block = (wm_block){.next = arena->blocks, .size = size};
    arena->blocks = block;
  }
  void *memory = (char *)block->data + block->used;
  block->used += bytes;
  memset(memory, 0, bytes);
  return memory;
}

static void *arena_copy(wm_arena *arena, const void *from, size_t bytes) {
  void *memory = arena_alloc(arena, bytes);
  if (bytes > 0) memcpy(memory, from, bytes);
  return memory;
}

static char *arena_text(wm_arena *arena, const char *text) { return arena_copy(arena, text, strlen(text) + 1); }

/* Keeps one block for the next call. */
static void arena_clear(wm_arena *arena) {
  while (arena->blocks != NULL && arena->blocks->next != NULL) {
    wm_block *next = arena->blocks->next;
    free(arena->blocks);
    arena->blocks = next;
  }
  if (arena->blocks != NULL) arena->blocks->used = 0;
}

/* Makes room for one more item of an array that grows. */
static void *grown(void *items, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return items;
  *capacity = *capacity == 0 ? 16 : *capacity * 2;
  return checked(realloc(items, *capacity * size));
}

#define PUSH(LIST, COUNT, CAPACITY, ...)                                         \
  do {                                                                           \
    (LIST) = grown((LIST), (COUNT), &(CAPACITY), sizeof *(LIST));                \
    (LIST)[(COUNT)++] = (__VA_ARGS__);                                           \
  } while (0)

/* Bytes that grow. */
typedef struct {
  uint8_t *data;
  size_t len, capacity;
} wm_buffer;

static uint8_t *buffer_extend(wm_buffer *buffer, size_t bytes) {
  if (buffer->capacity - buffer->len < bytes) {
    size_t capacity = buffer->capacity == 0 ? 256 : buffer->capacity;
    while (capacity - buffer->len < bytes) capacity *= 2;
    buffer->data = checked(realloc(buffer->data, capacity));
    buffer->capacity = capacity;
  }
  uint8_t *at = buffer->data + buffer->len;
  buffer->len += bytes;
  return at;
}

static void buffer_put(wm_buffer *buffer, const void *bytes, size_t count) {
  uint8_t *at = buffer_extend(buffer, count);
  if (count > 0) memcpy(at, bytes, count);
}

static void buffer_text(wm_buffer *buffer, const char *text) { buffer_put(buffer, text, strlen(text)); }

/* A column of the contract that grows. */
typedef struct {
  wm_buffer data;
  uint32_t *ends;
  size_t count, capacity;
} wm_column;

static void column_close(wm_column *column, bool fixed) {
  if (!fixed) PUSH(column->ends, column->count, column->capacity, (uint32_t)column->data.len);
}

static void column_push(wm_column *column, const void *bytes, size_t count, bool fixed) {
  buffer_put(&column->data, bytes, count);
  column_close(column, fixed);
}

static void column_clear(wm_column *column) { column->count = column->data.len = 0; }

typedef wasmill_dataflow_types_bytes_column_t wire_column;
typedef wasmill_dataflow_types_batch_t wire_batch;
typedef wasmill_dataflow_types_timer_batch_t wire_timers;
typedef wasmill_dataflow_types_failure_t wire_failure;

static wire_column column_wire(wm_column *column) {
  return (wire_column){{column->ends, column->count}, {column->data.data, column->data.len}};
}

/* Whether a column has n entries, so that column_at does not read outside. */
static bool column_check(const wire_column *column, size_t n) {
  if (column->ends.len == 0) return column->data.len == 0 || (n > 0 && column->data.len % n == 0);
  if (column->ends.len != n) return false;
  uint32_t start = 0;
  for (size_t i = 0; i < n; i++) {
    if (column->ends.ptr[i] < start) return false;
    start = column->ends.ptr[i];
  }
  return start == column->data.len;
}

static wm_string column_at(const wire_column *column, size_t i, size_t n) {
  const char *data = (const char *)column->data.ptr;
  if (column->ends.len == 0) {
    size_t width = column->data.len / n;
    return (wm_string){data + i * width, width};
  }
  uint32_t start = i == 0 ? 0 : column->ends.ptr[i - 1];
  return (wm_string){data + start, column->ends.ptr[i] - start};
}
