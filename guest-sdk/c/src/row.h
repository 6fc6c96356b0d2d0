/* Values as the bytes of wit/ENCODING.md. Decoded strings share the memory of the bytes; arrays are in the arena of the
 * call. Malformed bytes are refused. */

const wm_type wm_long = {WM_KIND_LONG, sizeof(int64_t), "long", NULL, 0, NULL};
const wm_type wm_int = {WM_KIND_INT, sizeof(int32_t), "int", NULL, 0, NULL};
const wm_type wm_double = {WM_KIND_DOUBLE, sizeof(double), "double", NULL, 0, NULL};
const wm_type wm_float = {WM_KIND_FLOAT, sizeof(float), "float", NULL, 0, NULL};
const wm_type wm_boolean = {WM_KIND_BOOLEAN, sizeof(bool), "boolean", NULL, 0, NULL};
const wm_type wm_text = {WM_KIND_STRING, sizeof(wm_string), "string", NULL, 0, NULL};
const wm_type wm_bytes = {WM_KIND_BYTES, sizeof(wm_string), "bytes", NULL, 0, NULL};

wm_string wm_string_of(const char *text) { return (wm_string){text, strlen(text)}; }

bool wm_string_equal(wm_string a, wm_string b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool is_inline(const wm_type *type) { return type->kind <= WM_KIND_BOOLEAN; }

/* Whether all values have one width. */
static bool is_fixed(const wm_type *type) {
  if (type->kind != WM_KIND_RECORD) return is_inline(type);
  for (size_t i = 0; i < type->field_count; i++)
    if (type->fields[i].nullable || !is_fixed(type->fields[i].type)) return false;
  return true;
}

/* Whether the memory of a value and its bytes are the same: longs and doubles without gaps. */
static bool is_plain(const wm_type *type) {
  if (type->kind != WM_KIND_RECORD) return type->kind == WM_KIND_LONG || type->kind == WM_KIND_DOUBLE;
  for (size_t i = 0; i < type->field_count; i++)
    if (type->fields[i].nullable || !is_plain(type->fields[i].type) || type->fields[i].type->kind == WM_KIND_RECORD ||
        type->fields[i].offset != 8 * i)
      return false;
  return type->size == 8 * type->field_count;
}

static size_t null_words(const wm_type *type) {
  size_t nullable = 0;
  for (size_t i = 0; i < type->field_count; i++) nullable += type->fields[i].nullable;
  return (nullable + 63) / 64;
}

static uint64_t load_slot(const wm_type *type, const void *value) {
  uint64_t slot = 0;
  switch (type->kind) {
    case WM_KIND_INT: return (uint64_t)(int64_t) * (const int32_t *)value;
    case WM_KIND_FLOAT: memcpy(&slot, value, sizeof(float)); return slot;
    case WM_KIND_BOOLEAN: return *(const bool *)value ? 1 : 0;
    default: memcpy(&slot, value, sizeof slot); return slot;
  }
}

static bool store_slot(const wm_type *type, uint64_t slot, void *value) {
  switch (type->kind) {
    case WM_KIND_INT:
      *(int32_t *)value = (int32_t)slot;
      return (int64_t)(int32_t)slot == (int64_t)slot;
    case WM_KIND_FLOAT: memcpy(value, &slot, sizeof(float)); return true;
    case WM_KIND_BOOLEAN: *(bool *)value = slot == 1; return slot <= 1;
    default: memcpy(value, &slot, sizeof slot); return true;
  }
}

static void row_encode(wm_buffer *out, const wm_type *type, const void *value);

/* Writes a value into its slot, and behind the slots if it has no fixed width. */
static void put_slot(wm_buffer *out, size_t start, size_t slot, const wm_type *type, const void *value) {
  uint64_t word;
  if (is_inline(type)) {
    word = load_slot(type, value);
  } else {
    size_t offset = out->len - start;
    row_encode(out, type, value);
    word = offset | (uint64_t)(out->len - start - offset) << 32;
  }
  memcpy(out->data + slot, &word, sizeof word);
}

static void encode_record(wm_buffer *out, const wm_type *type, const void *value) {
  size_t start = out->len, slot = start + 8 * null_words(type), bit = 0;
  memset(buffer_extend(out, 8 * (null_words(type) + type->field_count)), 0, 8 * (null_words(type) + type->field_count));
  for (size_t i = 0; i < type->field_count; i++, slot += 8) {
    const wm_field *field = &type->fields[i];
    const void *at = (const char *)value + field->offset;
    if (field->nullable) {
      bool null = ((const wm_string *)at)->ptr == NULL;
      if (null) out->data[start + bit / 8] |= (uint8_t)(1u << (bit % 8));
      bit++;
      if (null) continue;
    }
    put_slot(out, start, slot, field->type, at);
  }
}

static void encode_array(wm_buffer *out, const wm_type *type, const wm_array *array) {
  size_t start = out->len;
  uint64_t count = array->count;
  memset(buffer_extend(out, 8 * (1 + array->count)), 0, 8 * (1 + array->count));
  memcpy(out->data + start, &count, sizeof count);
  for (size_t i = 0; i < array->count; i++)
    put_slot(out, start, start + 8 * (1 + i), type->items, (const char *)array->items + i * type->items->size);
}

static void row_encode(wm_buffer *out, const wm_type *type, const void *value) {
  switch (type->kind) {
    case WM_KIND_STRING:
    case WM_KIND_BYTES: buffer_put(out, ((const wm_string *)value)->ptr, ((const wm_string *)value)->len); return;
    case WM_KIND_RECORD: encode_record(out, type, value); return;
    case WM_KIND_ARRAY: encode_array(out, type, value); return;
    default: {
      uint64_t slot = load_slot(type, value);
      buffer_put(out, &slot, sizeof slot);
    }
  }
}

static bool row_decode(wm_arena *arena, const wm_type *type, wm_string bytes, void *value);

static uint64_t word_at(wm_string bytes, size_t at) {
  uint64_t word;
  memcpy(&word, bytes.ptr + at, sizeof word);
  return word;
}

/* Reads the value of a slot; the variable parts must follow each other without gaps. */
static bool take_slot(wm_arena *arena, wm_string bytes, size_t slot, size_t *cursor, const wm_type *type, void *value) {
  uint64_t word = word_at(bytes, slot);
  if (is_inline(type)) return store_slot(type, word, value);
  size_t offset = (uint32_t)word, length = (size_t)(word >> 32);
  if (offset != *cursor || length > bytes.len - offset) return false;
  *cursor += length;
  return row_decode(arena, type, (wm_string){bytes.ptr + offset, length}, value);
}

static bool decode_record(wm_arena *arena, const wm_type *type, wm_string bytes, void *value) {
  size_t slot = 8 * null_words(type), cursor = slot + 8 * type->field_count, bit = 0;
  if (cursor > bytes.len) return false;
  for (size_t i = 0; i < type->field_count; i++, slot += 8) {
    const wm_field *field = &type->fields[i];
    void *at = (char *)value + field->offset;
    if (field->nullable) {
      bool null = ((uint8_t)bytes.ptr[bit / 8] >> (bit % 8) & 1) != 0;
      bit++;
      if (null) {
        *(wm_string *)at = (wm_string){NULL, 0};
        continue;
      }
    }
    if (!take_slot(arena, bytes, slot, &cursor, field->type, at)) return false;
  }
  return cursor == bytes.len;
}

static bool decode_array(wm_arena *arena, const wm_type *type, wm_string bytes, wm_array *array) {
  if (bytes.len < 8 || word_at(bytes, 0) > bytes.len / 8 - 1) return false;
  size_t count = (size_t)word_at(bytes, 0), cursor = 8 * (1 + count);
  char *items = arena_alloc(arena, count * type->items->size);
  for (size_t i = 0; i < count; i++)
    if (!take_slot(arena, bytes, 8 * (1 + i), &cursor, type->items, items + i * type->items->size)) return false;
  *array = (wm_array){items, count};
  return cursor == bytes.len;
}

static bool row_decode(wm_arena *arena, const wm_type *type, wm_string bytes, void *value) {
  switch (type->kind) {
    case WM_KIND_STRING:
    case WM_KIND_BYTES: *(wm_string *)value = bytes.ptr == NULL ? (wm_string){"", 0} : bytes; return true;
    case WM_KIND_RECORD: return decode_record(arena, type, bytes, value);
    case WM_KIND_ARRAY: return decode_array(arena, type, bytes, value);
    default: return bytes.len == 8 && store_slot(type, word_at(bytes, 0), value);
  }
}

/* Sub-keys sort by their bytes: integers are big endian with the sign bit flipped. */
static wm_string sub_key_encode(wm_arena *arena, const wm_type *type, const void *sub_key) {
  if (!is_inline(type)) return *(const wm_string *)sub_key;
  uint64_t number = load_slot(type, sub_key) ^ (uint64_t)1 << 63;
  char *bytes = arena_alloc(arena, 8);
  for (size_t i = 0; i < 8; i++) bytes[i] = (char)(number >> (56 - 8 * i));
  return (wm_string){bytes, 8};
}

static bool sub_key_decode(const wm_type *type, wm_string bytes, void *sub_key) {
  if (!is_inline(type)) {
    *(wm_string *)sub_key = bytes;
    return true;
  }
  uint64_t number = 0;
  for (size_t i = 0; i < 8 && bytes.len == 8; i++) number = number << 8 | (uint8_t)bytes.ptr[i];
  return bytes.len == 8 && store_slot(type, number ^ (uint64_t)1 << 63, sub_key);
}

/* A type with what is asked of it for every record. */
typedef struct {
  const wm_type *type;
  bool fixed, plain;
} wm_codec;

static wm_codec codec_of(const wm_type *type) {
  return type == NULL ? (wm_codec){0} : (wm_codec){type, is_fixed(type), is_plain(type)};
}

static inline void codec_encode(wm_buffer *out, const wm_codec *codec, const void *value) {
  if (codec->plain) memcpy(buffer_extend(out, codec->type->size), value, codec->type->size);
  else row_encode(out, codec->type, value);
}

static inline bool codec_decode(wm_arena *arena, const wm_codec *codec, wm_string bytes, void *value) {
  if (codec->plain && bytes.len == codec->type->size) {
    memcpy(value, bytes.ptr, bytes.len);
    return true;
  }
  return row_decode(arena, codec->type, bytes, value);
}
