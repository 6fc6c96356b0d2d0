/* Keyed operators: the keys of a call and their states. A batch's values are read in one call when it comes, and what
 * changed is written in one when it has been processed; nothing is kept from call to call. */

/* Byte strings and their numbers, in the order in which they came. */
typedef struct {
  uint32_t *buckets;
  size_t mask;
  wm_string *keys;
  size_t count, capacity;
} wm_table;

typedef struct {
  wm_string bytes;
  bool present, dirty;
} wm_cell;

/* A change of a list: an append of bytes, or the removal of everything. */
typedef struct {
  uint32_t slot;
  bool cleared;
  wm_string bytes;
} wm_list_change;

enum { NONE = 0xffffffff, SCAN_PAGE = 1024 };

/* An entry of a map that the call has read or changed. */
typedef struct {
  wm_cell cell;
  uint32_t slot, before;
} wm_entry;

/* What a call knows of a state. */
typedef struct {
  const wm_state_def *def;
  wm_codec codec;
  uint32_t number;
  wm_cell *cells; /* of a value, by slot */
  size_t cell_count, cell_capacity;
  wm_list_change *changes;
  size_t change_count, change_capacity;
  wm_table index; /* of a map: slot and sub-key */
  wm_entry *entries;
  size_t entry_count, entry_capacity;
  uint32_t *last; /* the latest entry of each slot, or NONE */
  size_t last_count, last_capacity;
} wm_store;

typedef struct {
  uint32_t domain, slot;
  int64_t time;
} wm_timer_id;

typedef struct wm_keyed_part {
  wm_table table;
  uint32_t *slots; /* of the records of the batch */
  size_t slot_count, slot_capacity;
  wm_store *stores;
  wm_table timers;
  bool *registered;
  size_t registered_count, registered_capacity;
  struct wm_panes *panes; /* of a window operator, by slot */
  size_t pane_count, pane_capacity;
} wm_keyed_part;

/* Addresses of values, gathered for one bulk call. */
typedef struct {
  uint32_t count;
  wm_column keys, sub_keys, values;
} wm_addresses;

static void addresses_free(wm_addresses *at) {
  free(at->keys.data.data);
  free(at->keys.ends);
  free(at->sub_keys.data.data);
  free(at->sub_keys.ends);
  free(at->values.data.data);
  free(at->values.ends);
  *at = (wm_addresses){0};
}

static uint64_t hash_bytes(wm_string bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  size_t i = 0;
  for (; i + 8 <= bytes.len; i += 8) {
    uint64_t word;
    memcpy(&word, bytes.ptr + i, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  for (; i < bytes.len; i++) hash = (hash ^ (uint8_t)bytes.ptr[i]) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

static void table_grow(wm_table *table) {
  size_t buckets = table->mask == 0 ? 256 : (table->mask + 1) * 2;
  free(table->buckets);
  table->buckets = checked(calloc(buckets, sizeof *table->buckets));
  table->mask = buckets - 1;
  for (size_t i = 0; i < table->count; i++) {
    size_t at = hash_bytes(table->keys[i]) & table->mask;
    while (table->buckets[at] != 0) at = (at + 1) & table->mask;
    table->buckets[at] = (uint32_t)i + 1;
  }
}

/* The number of a key; a new one has the number `count` had before. The bytes must hold until the end of the call. */
static uint32_t table_intern(wm_table *table, wm_string key) {
  if (table->count * 2 >= table->mask) table_grow(table);
  size_t at = hash_bytes(key) & table->mask;
  for (; table->buckets[at] != 0; at = (at + 1) & table->mask)
    if (wm_string_equal(table->keys[table->buckets[at] - 1], key)) return table->buckets[at] - 1;
  PUSH(table->keys, table->count, table->capacity, key);
  table->buckets[at] = (uint32_t)table->count;
  return (uint32_t)table->count - 1;
}

static void table_clear(wm_table *table) {
  if (table->count > 0) memset(table->buckets, 0, (table->mask + 1) * sizeof *table->buckets);
  table->count = 0;
}

static void address_push(wm_addresses *at, const wm_op *op, uint32_t slot, wm_string sub_key) {
  at->count++;
  column_push(&at->keys, op->keyed->table.keys[slot].ptr, op->keyed->table.keys[slot].len, op->key_codec.fixed);
  column_push(&at->sub_keys, sub_key.ptr, sub_key.len, sub_key.len == 0);
}

static void send_puts(const wm_store *store, wm_addresses *at) {
  wire_column keys = column_wire(&at->keys), sub_keys = column_wire(&at->sub_keys), values = column_wire(&at->values);
  if (at->count > 0) wasmill_dataflow_state_put_many(store->number, at->count, &keys, &sub_keys, &values);
  addresses_free(at);
}

static void send_deletes(const wm_store *store, wm_addresses *at) {
  wire_column keys = column_wire(&at->keys), sub_keys = column_wire(&at->sub_keys);
  if (at->count > 0) wasmill_dataflow_state_delete_many(store->number, at->count, &keys, &sub_keys);
  addresses_free(at);
}

static void send_appends(const wm_store *store, wm_addresses *at) {
  wire_column keys = column_wire(&at->keys), sub_keys = column_wire(&at->sub_keys), values = column_wire(&at->values);
  if (at->count > 0) wasmill_dataflow_state_append_many(store->number, at->count, &keys, &sub_keys, &values);
  addresses_free(at);
}

/* Reads the values of the slots from `first` on. */
static bool load_values(wm_op *op, wm_store *store, size_t first) {
  wm_addresses at = {0};
  for (size_t slot = first; slot < op->keyed->table.count; slot++) address_push(&at, op, (uint32_t)slot, (wm_string){"", 0});
  wire_column keys = column_wire(&at.keys), sub_keys = column_wire(&at.sub_keys);
  wasmill_dataflow_state_found_t found;
  wasmill_dataflow_state_get_many(store->number, at.count, &keys, &sub_keys, &found);
  bool good = found.present.len == at.count && column_check(&found.values, at.count);
  for (size_t i = 0; i < at.count && good; i++) {
    wm_cell cell = {.present = found.present.ptr[i] != 0};
    if (cell.present) {
      wm_string bytes = column_at(&found.values, i, at.count);
      cell.bytes = (wm_string){arena_copy(&op->ctx.task->arena, bytes.ptr, bytes.len), bytes.len};
    }
    PUSH(store->cells, store->cell_count, store->cell_capacity, cell);
  }
  wasmill_dataflow_state_found_free(&found);
  addresses_free(&at);
  return good;
}

/* Gives the keys of a column their slots and reads the values of those that are new. */
static bool enter(wm_op *op, const wire_column *keys, size_t count) {
  wm_keyed_part *keyed = op->keyed;
  size_t first = keyed->table.count;
  keyed->slot_count = 0;
  for (size_t i = 0; i < count; i++)
    PUSH(keyed->slots, keyed->slot_count, keyed->slot_capacity, table_intern(&keyed->table, column_at(keys, i, count)));
  for (size_t i = 0; i < op->node->state_count && keyed->table.count > first; i++)
    if (op->node->states[i].kind == WM_VALUE && !load_values(op, &keyed->stores[i], first)) return false;
  return true;
}

const void *wm_key(wm_ctx *ctx) {
  wm_op *op = ctx->op;
  memset(op->key, 0, op->node->key->size);
  if (!row_decode(&ctx->task->arena, op->node->key, op->keyed->table.keys[ctx->slot], op->key)) wm_fail(ctx, "malformed key");
  return op->key;
}

/* ---- Values ---- */

/* Bytes in the arena; those of the same length are overwritten. */
static void cell_set(wm_ctx *ctx, wm_cell *cell, const wm_codec *codec, const void *value) {
  wm_buffer *scratch = &ctx->task->encoded;
  scratch->len = 0;
  codec_encode(scratch, codec, value);
  if (cell->bytes.ptr == NULL || cell->bytes.len != scratch->len)
    cell->bytes = (wm_string){arena_alloc(&ctx->task->arena, scratch->len), scratch->len};
  if (scratch->len > 0) memcpy((char *)cell->bytes.ptr, scratch->data, scratch->len);
  cell->present = cell->dirty = true;
}

static bool cell_get(wm_ctx *ctx, const wm_cell *cell, const wm_codec *codec, void *value) {
  if (!cell->present) return false;
  /* A copy, since the cell may be overwritten while the value is in use; fixed widths hold no pointers. */
  wm_string bytes = cell->bytes;
  if (!codec->fixed) bytes.ptr = arena_copy(&ctx->task->arena, bytes.ptr, bytes.len);
  if (codec_decode(&ctx->task->arena, codec, bytes, value)) return true;
  wm_fail(ctx, "malformed value in state");
  return false;
}

static wm_store *store_of(wm_ctx *ctx, size_t state) { return &ctx->op->keyed->stores[state]; }

bool wm_value_get(wm_ctx *ctx, size_t state, void *value) {
  wm_store *store = store_of(ctx, state);
  return cell_get(ctx, &store->cells[ctx->slot], &store->codec, value);
}

void wm_value_set(wm_ctx *ctx, size_t state, const void *value) {
  wm_store *store = store_of(ctx, state);
  cell_set(ctx, &store->cells[ctx->slot], &store->codec, value);
}

void wm_value_clear(wm_ctx *ctx, size_t state) {
  store_of(ctx, state)->cells[ctx->slot] = (wm_cell){.dirty = true};
}

static void flush_values(wm_op *op, wm_store *store) {
  wm_addresses puts = {0}, deletes = {0};
  for (size_t slot = 0; slot < store->cell_count; slot++) {
    const wm_cell *cell = &store->cells[slot];
    if (!cell->dirty) continue;
    address_push(cell->present ? &puts : &deletes, op, (uint32_t)slot, (wm_string){"", 0});
    if (cell->present) column_push(&puts.values, cell->bytes.ptr, cell->bytes.len, store->codec.fixed);
  }
  send_deletes(store, &deletes);
  send_puts(store, &puts);
  store->cell_count = 0;
}

/* ---- Lists ---- */

void wm_list_add(wm_ctx *ctx, size_t state, const void *element) {
  wm_store *store = store_of(ctx, state);
  wm_cell cell = {0};
  cell_set(ctx, &cell, &store->codec, element);
  wm_list_change change = {ctx->slot, false, cell.bytes};
  PUSH(store->changes, store->change_count, store->change_capacity, change);
}

void wm_list_clear(wm_ctx *ctx, size_t state) {
  wm_store *store = store_of(ctx, state);
  wm_list_change change = {.slot = ctx->slot, .cleared = true};
  PUSH(store->changes, store->change_count, store->change_capacity, change);
}

static complete_list_u8_t wire_bytes(wm_string bytes) { return (complete_list_u8_t){(uint8_t *)bytes.ptr, bytes.len}; }

/* Copies a value that the host has into the arena; false if there is none. */
static bool host_get(wm_ctx *ctx, uint32_t number, wm_string sub_key, wm_string *value) {
  complete_list_u8_t key = wire_bytes(ctx->op->keyed->table.keys[ctx->slot]), sub = wire_bytes(sub_key), found;
  if (!wasmill_dataflow_state_get(number, &key, &sub, &found)) return false;
  *value = (wm_string){arena_copy(&ctx->task->arena, found.ptr, found.len), found.len};
  complete_list_u8_free(&found);
  return true;
}

wm_array wm_list_get(wm_ctx *ctx, size_t state) {
  wm_store *store = store_of(ctx, state);
  const wm_type *type = store->def->type;
  wm_string stored = {"", 0};
  host_get(ctx, store->number, (wm_string){"", 0}, &stored);
  wm_string *parts = NULL;
  size_t count = 0, capacity = 0;
  for (size_t at = 0; at + 4 <= stored.len;) {
    uint32_t length;
    memcpy(&length, stored.ptr + at, 4);
    if (length > stored.len - at - 4) {
      wm_fail(ctx, "a list in state ends within an element");
      break;
    }
    PUSH(parts, count, capacity, (wm_string){stored.ptr + at + 4, length});
    at += 4 + length;
  }
  for (size_t i = 0; i < store->change_count; i++) {
    if (store->changes[i].slot != ctx->slot) continue;
    if (store->changes[i].cleared) count = 0;
    else PUSH(parts, count, capacity, store->changes[i].bytes);
  }
  char *items = wm_alloc(ctx, count * type->size);
  for (size_t i = 0; i < count; i++)
    if (!row_decode(&ctx->task->arena, type, parts[i], items + i * type->size)) wm_fail(ctx, "malformed element in state");
  free(parts);
  return (wm_array){items, count};
}

/* Sends the changes in order: a removal between two appends of a key must not move. */
static void flush_list(wm_op *op, wm_store *store) {
  wm_addresses appends = {0}, deletes = {0};
  for (size_t i = 0; i < store->change_count; i++) {
    const wm_list_change *change = &store->changes[i];
    if (change->cleared) {
      send_appends(store, &appends);
      address_push(&deletes, op, change->slot, (wm_string){"", 0});
      continue;
    }
    send_deletes(store, &deletes);
    address_push(&appends, op, change->slot, (wm_string){"", 0});
    column_push(&appends.values, change->bytes.ptr, change->bytes.len, store->codec.fixed);
  }
  send_appends(store, &appends);
  send_deletes(store, &deletes);
  store->change_count = 0;
}

/* ---- Maps ---- */

/* What the call knows of an entry; a new one is read from the host if `read` says so. */
static wm_entry *map_entry(wm_ctx *ctx, wm_store *store, wm_string sub_key, bool read) {
  char *address = wm_alloc(ctx, 4 + sub_key.len);
  memcpy(address, &ctx->slot, 4);
  if (sub_key.len > 0) memcpy(address + 4, sub_key.ptr, sub_key.len);
  uint32_t at = table_intern(&store->index, (wm_string){address, 4 + sub_key.len});
  if (at < store->entry_count) return &store->entries[at];
  while (store->last_count <= ctx->slot) PUSH(store->last, store->last_count, store->last_capacity, NONE);
  wm_entry entry = {.slot = ctx->slot, .before = store->last[ctx->slot]};
  if (read) entry.cell.present = host_get(ctx, store->number, sub_key, &entry.cell.bytes);
  store->last[ctx->slot] = at;
  PUSH(store->entries, store->entry_count, store->entry_capacity, entry);
  return &store->entries[at];
}

static wm_string entry_sub_key(const wm_store *store, size_t at) {
  return (wm_string){store->index.keys[at].ptr + 4, store->index.keys[at].len - 4};
}

bool wm_map_get(wm_ctx *ctx, size_t state, const void *sub_key, void *value) {
  wm_store *store = store_of(ctx, state);
  wm_entry *entry = map_entry(ctx, store, sub_key_encode(&ctx->task->arena, store->def->sub_key, sub_key), true);
  return cell_get(ctx, &entry->cell, &store->codec, value);
}

void wm_map_put(wm_ctx *ctx, size_t state, const void *sub_key, const void *value) {
  wm_store *store = store_of(ctx, state);
  wm_entry *entry = map_entry(ctx, store, sub_key_encode(&ctx->task->arena, store->def->sub_key, sub_key), false);
  cell_set(ctx, &entry->cell, &store->codec, value);
}

void wm_map_remove(wm_ctx *ctx, size_t state, const void *sub_key) {
  wm_store *store = store_of(ctx, state);
  map_entry(ctx, store, sub_key_encode(&ctx->task->arena, store->def->sub_key, sub_key), false)->cell = (wm_cell){.dirty = true};
}

void wm_map_clear(wm_ctx *ctx, size_t state) {
  wm_store *store = store_of(ctx, state);
  for (uint32_t at = ctx->slot < store->last_count ? store->last[ctx->slot] : NONE; at != NONE; at = store->entries[at].before)
    store->entries[at].cell = (wm_cell){0};
  complete_list_u8_t key = wire_bytes(ctx->op->keyed->table.keys[ctx->slot]);
  wasmill_dataflow_state_clear_key(store->number, &key);
}

typedef struct {
  wm_string sub_key, value;
} wm_pair;

static int pair_order(const void *left, const void *right) {
  wm_string a = ((const wm_pair *)left)->sub_key, b = ((const wm_pair *)right)->sub_key;
  size_t shared = a.len < b.len ? a.len : b.len;
  int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Makes known to the call what the host has of the key's map, page by page. */
static void map_scan(wm_ctx *ctx, wm_store *store) {
  wm_string start = {"", 0};
  bool more = true;
  while (more) {
    complete_list_u8_t key = wire_bytes(ctx->op->keyed->table.keys[ctx->slot]), from = wire_bytes(start);
    wasmill_dataflow_state_entries_t page;
    wasmill_dataflow_state_scan(store->number, &key, &from, SCAN_PAGE, &page);
    more = page.more && page.count > 0;
    if (!column_check(&page.sub_keys, page.count) || !column_check(&page.values, page.count)) {
      wm_fail(ctx, "malformed entries in state");
      more = false;
      page.count = 0;
    }
    for (size_t i = 0; i < page.count; i++) {
      wm_string sub_key = column_at(&page.sub_keys, i, page.count), value = column_at(&page.values, i, page.count);
      size_t known = store->entry_count;
      wm_entry *entry = map_entry(ctx, store, sub_key, false);
      if (store->entry_count == known) continue;
      entry->cell.bytes = (wm_string){arena_copy(&ctx->task->arena, value.ptr, value.len), value.len};
      entry->cell.present = true;
    }
    if (more) {
      wm_string last = column_at(&page.sub_keys, page.count - 1, page.count);
      char *next = wm_alloc(ctx, last.len + 1);
      memcpy(next, last.ptr, last.len);
      start = (wm_string){next, last.len + 1};
    }
    wasmill_dataflow_state_entries_free(&page);
  }
}

void wm_map_entries(wm_ctx *ctx, size_t state, wm_array *sub_keys, wm_array *values) {
  wm_store *store = store_of(ctx, state);
  const wm_type *type = store->def->type, *sub_type = store->def->sub_key;
  map_scan(ctx, store);
  wm_pair *pairs = NULL;
  size_t count = 0, capacity = 0;
  for (uint32_t at = ctx->slot < store->last_count ? store->last[ctx->slot] : NONE; at != NONE; at = store->entries[at].before)
    if (store->entries[at].cell.present)
      PUSH(pairs, count, capacity, (wm_pair){entry_sub_key(store, at), store->entries[at].cell.bytes});
  if (count > 1) qsort(pairs, count, sizeof *pairs, pair_order);
  char *keys_out = wm_alloc(ctx, count * sub_type->size), *values_out = wm_alloc(ctx, count * type->size);
  for (size_t i = 0; i < count; i++) {
    wm_cell cell = {pairs[i].value, true, false};
    if (!sub_key_decode(sub_type, pairs[i].sub_key, keys_out + i * sub_type->size)) wm_fail(ctx, "malformed sub-key in state");
    cell_get(ctx, &cell, &store->codec, values_out + i * type->size);
  }
  free(pairs);
  *sub_keys = (wm_array){keys_out, count};
  *values = (wm_array){values_out, count};
}

static void flush_map(wm_op *op, wm_store *store) {
  wm_addresses puts = {0}, deletes = {0};
  for (size_t i = 0; i < store->entry_count; i++) {
    const wm_entry *entry = &store->entries[i];
    if (!entry->cell.dirty) continue;
    address_push(entry->cell.present ? &puts : &deletes, op, entry->slot, entry_sub_key(store, i));
    if (entry->cell.present) column_push(&puts.values, entry->cell.bytes.ptr, entry->cell.bytes.len, store->codec.fixed);
  }
  send_deletes(store, &deletes);
  send_puts(store, &puts);
  store->entry_count = store->last_count = 0;
  table_clear(&store->index);
}

/* ---- Timers: of two changes of one timer in a call the later one holds ---- */

static void timer_change(wm_ctx *ctx, wm_domain domain, int64_t time, bool registered) {
  wm_keyed_part *keyed = ctx->op->keyed;
  wm_timer_id *id = wm_alloc(ctx, sizeof *id);
  *id = (wm_timer_id){(uint32_t)domain, ctx->slot, time};
  uint32_t at = table_intern(&keyed->timers, (wm_string){(const char *)id, sizeof *id});
  if (at == keyed->registered_count) PUSH(keyed->registered, keyed->registered_count, keyed->registered_capacity, registered);
  keyed->registered[at] = registered;
}

void wm_register_timer(wm_ctx *ctx, wm_domain domain, int64_t time) { timer_change(ctx, domain, time, true); }
void wm_delete_timer(wm_ctx *ctx, wm_domain domain, int64_t time) { timer_change(ctx, domain, time, false); }

static void send_timers(wm_op *op, wm_domain domain, bool registered) {
  wm_keyed_part *keyed = op->keyed;
  wm_column keys = {0};
  int64_t *times = NULL;
  size_t count = 0, capacity = 0;
  for (size_t i = 0; i < keyed->timers.count; i++) {
    wm_timer_id id;
    memcpy(&id, keyed->timers.keys[i].ptr, sizeof id);
    if (id.domain != (uint32_t)domain || keyed->registered[i] != registered) continue;
    PUSH(times, count, capacity, id.time);
    column_push(&keys, keyed->table.keys[id.slot].ptr, keyed->table.keys[id.slot].len, op->key_codec.fixed);
  }
  if (count > 0) {
    wire_timers timers = {(uint32_t)count, {times, count}, column_wire(&keys), {{NULL, 0}, {NULL, 0}}};
    if (registered) wasmill_dataflow_timers_register((uint8_t)domain, &timers);
    else wasmill_dataflow_timers_delete((uint8_t)domain, &timers);
  }
  free(times);
  free(keys.data.data);
  free(keys.ends);
}

/* Writes back what the call has changed, and forgets its keys. */
static void keyed_end(wm_op *op) {
  wm_keyed_part *keyed = op->keyed;
  for (size_t i = 0; i < op->node->state_count; i++) {
    wm_store *store = &keyed->stores[i];
    if (store->def->kind == WM_VALUE) flush_values(op, store);
    else if (store->def->kind == WM_LIST) flush_list(op, store);
    else flush_map(op, store);
  }
  for (wm_domain domain = WM_EVENT_TIME; domain <= WM_PROCESSING_TIME && keyed->timers.count > 0; domain++) {
    send_timers(op, domain, false);
    send_timers(op, domain, true);
  }
  table_clear(&keyed->timers);
  keyed->registered_count = 0;
  table_clear(&keyed->table);
}
