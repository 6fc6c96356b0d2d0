/* {{name}}: what each account has paid so far, told after every payment. */
#include "wasmill.h"

const char *const wm_job_name = "{{name}}";

/* A payment, as a line of the input has it; and what an account has paid so far, which has the same fields. */
typedef struct {
  wm_string account;
  int64_t cents;
} payment;
typedef payment total;

WM_RECORD(payment, WM_FIELD(payment, account, &wm_text), WM_FIELD(payment, cents, &wm_long));
WM_RECORD(total, WM_FIELD(total, account, &wm_text), WM_FIELD(total, cents, &wm_long));

static void account_of(wm_ctx *ctx, const void *record, void *key) {
  (void)ctx;
  *(wm_string *)key = ((const payment *)record)->account;
}

/* Adds up the payments of each account. What must last is state; a variable is gone with its instance. */
enum { TOTAL };
static const wm_state_def states[] = {{"total", WM_VALUE, &wm_long, NULL}};

static void add(wm_ctx *ctx, const void *record) {
  const payment *paid = record;
  total result = {paid->account, 0};
  wm_value_get(ctx, TOTAL, &result.cents);
  result.cents += paid->cents;
  wm_value_set(ctx, TOTAL, &result.cents);
  wm_emit(ctx, &result);
}

static const wm_process_def totals = {.element = add, .states = states, .state_count = 1};

void wm_job(wm_env *env) {
  wm_string path = wm_param_text(env, "path", "sample.jsonl", "files of payments, one JSON object a line");
  wm_stream *payments = wm_uid(wm_source(env, &payment_type, wm_json_lines(env, path)), "payments");
  wm_keyed *by_account = wm_key_by(payments, &wm_text, account_of, NULL);
  wm_sink(wm_uid(wm_process(by_account, &total_type, &totals), "totals"), wm_print(env));
}
