/* Counts the words of text files, as plugins/word-count does in Rust. */
#include <ctype.h>
#include <string.h>

#include "wasmill.h"

const char *const wm_job_name = "word-count-c";

typedef struct {
  wm_string word;
  int64_t count;
} word_count;

WM_RECORD(word_count, WM_FIELD(word_count, word, &wm_text), WM_FIELD(word_count, count, &wm_long));

/* Letters and digits; bytes of letters beyond ASCII belong to their word. */
static bool is_word(char letter) { return isalnum((unsigned char)letter) || (unsigned char)letter >= 0x80; }

static void words(wm_ctx *ctx, const void *record) {
  const wm_string *line = record;
  for (size_t i = 0; i < line->len;) {
    size_t end = i;
    while (end < line->len && is_word(line->ptr[end])) end++;
    if (end > i) {
      char *word = wm_alloc(ctx, end - i);
      for (size_t j = i; j < end; j++) word[j - i] = (char)tolower((unsigned char)line->ptr[j]);
      wm_emit(ctx, &(wm_string){word, end - i});
    }
    i = end + 1;
  }
}

static void by_word(wm_ctx *ctx, const void *record, void *key) {
  (void)ctx;
  *(wm_string *)key = *(const wm_string *)record;
}

/* Counts each word and tells the count when there is no more input. */
enum { SEEN };
static const wm_state_def states[] = {{"seen", WM_VALUE, &wm_long, NULL}};

static void count(wm_ctx *ctx, const void *record) {
  (void)record;
  int64_t seen = 0;
  if (!wm_value_get(ctx, SEEN, &seen)) wm_register_timer(ctx, WM_EVENT_TIME, INT64_MAX);
  seen++;
  wm_value_set(ctx, SEEN, &seen);
}

static void tell(wm_ctx *ctx, wm_domain domain) {
  (void)domain;
  word_count counted = {*(const wm_string *)wm_key(ctx), 0};
  wm_value_get(ctx, SEEN, &counted.count);
  wm_emit(ctx, &counted);
}

static const wm_process_def count_words = {.element = count, .timer = tell, .states = states, .state_count = 1};

static void to_text(wm_ctx *ctx, const void *record, void *result) {
  const word_count *counted = record;
  char digits[20], *end = digits + sizeof digits, *at = end;
  int64_t left = counted->count;
  do *--at = (char)('0' + left % 10);
  while ((left /= 10) > 0);
  size_t length = counted->word.len + 1 + (size_t)(end - at);
  char *text = wm_alloc(ctx, length);
  memcpy(text, counted->word.ptr, counted->word.len);
  text[counted->word.len] = ' ';
  memcpy(text + counted->word.len + 1, at, (size_t)(end - at));
  *(wm_string *)result = (wm_string){text, length};
}

void wm_job(wm_env *env) {
  wm_string path = wm_param_text(env, "path", NULL, "files, directory or pattern to read");
  wm_string out = wm_param_text(env, "out", "", "directory to write counts to, else print");
  wm_stream *lines = wm_source(env, &wm_text, wm_text_files(env, path));
  wm_keyed *keyed = wm_key_by(wm_flat_map(lines, &wm_text, words, NULL), &wm_text, by_word, NULL);
  wm_stream *counts = wm_process(keyed, &word_count_type, &count_words);
  wm_sink(wm_map(counts, &wm_text, to_text, NULL), out.len == 0 ? wm_print(env) : wm_text_files(env, out));
}
