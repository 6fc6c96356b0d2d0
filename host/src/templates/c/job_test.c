/* The job on a host in memory, a fresh instance for every payment: make test. */
#include "wasmill.c"

#include "fake_host.h"

#include "job.c"

/* Pays, and tells what came out. */
static int64_t paid(const char *account, int64_t cents) {
  static const char *const names[] = {"total"};
  static wm_arena arena;
  complete_tuple2_string_string_t path = {{(uint8_t *)"path", 4}, {(uint8_t *)"in", 2}};
  /* The operators are numbered in the order of the job function: source, key_by, process, sink. */
  fake_open(path, 2, 1, names, 1);
  payment record = {wm_string_of(account), cents};
  wm_batch batch = {0};
  row_encode(&batch.keys.data, &wm_text, &record.account);
  column_close(&batch.keys, false);
  row_encode(&batch.values.data, &payment_type, &record);
  column_close(&batch.values, false);
  batch_push(&batch, WM_NO_TIMESTAMP);
  wire_batch wire = batch_wire(&batch);
  uint32_t done = 0;
  assert(exports_wasmill_dataflow_operator_process(&fake_now, 0, &wire, &done, &fake_failure) && done == 1);
  complete_list_u8_t bytes = emitted[0][emitted_count[0] - 1];
  total result;
  assert(row_decode(&arena, &total_type, (wm_string){(char *)bytes.ptr, bytes.len}, &result));
  assert(wm_string_equal(result.account, record.account));
  return result.cents;
}

int main(void) {
  fake_reset();
  assert(paid("anna", 5) == 5);
  assert(paid("bert", 7) == 7);
  assert(paid("anna", 3) == 8);
  puts("ok");
  return 0;
}
