/* The first part of the polyglot sample: orders that cannot be are left out, the others get their event time. */
#include "wasmill.h"

const char *const wm_job_name = "clean";

typedef struct {
  int64_t id;
  wm_string customer;
  int64_t at_ms, cents;
} order;

WM_RECORD(order, WM_FIELD(order, id, &wm_long), WM_FIELD(order, customer, &wm_text), WM_FIELD(order, at_ms, &wm_long),
          WM_FIELD(order, cents, &wm_long));

static bool is_possible(wm_ctx *ctx, const void *record) {
  (void)ctx;
  const order *it = record;
  return it->cents > 0 && it->customer.len > 0;
}

static int64_t time_of(wm_ctx *ctx, const void *record) {
  (void)ctx;
  return ((const order *)record)->at_ms;
}

void wm_job(wm_env *env) {
  /* Orders are at most ten minutes late. */
  wm_watermarks rule = {.max_out_of_orderness = 600000};
  wm_stream *possible = wm_uid(wm_filter(wm_open_input(env, "orders", &order_type), is_possible, NULL), "possible");
  wm_open_output(wm_uid(wm_assign_timestamps(possible, rule, time_of, NULL), "times"), "orders");
}
