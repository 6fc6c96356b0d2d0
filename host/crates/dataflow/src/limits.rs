//! Every bound of the engine by name, with the relations between them checked when the crate is compiled.
//! A bound that a user may change has its default here and its key in `host/src/config/default.toml`.

/// Bytes of one network segment: what a buffer holds before it is sent. Flink's value.
pub const SEGMENT_BYTES: usize = 32 * 1024;

/// Records in one batch, at most. Measured: the crossing into a guest costs nothing more beyond about 1,000.
pub const BATCH_RECORDS_MAX: usize = 4096;

/// Bytes of queued buffers that a task takes as one batch when it cannot keep up.
pub const BATCH_BYTES: usize = 4 * SEGMENT_BYTES;

/// Records a source hands over at once.
pub const SOURCE_BATCH_RECORDS: usize = 1024;

/// Bytes a source hands over at once, unless one record alone is larger.
pub const SOURCE_BATCH_BYTES: usize = SEGMENT_BYTES;

/// Empty buffers that a job keeps to fill them again: 2 MiB, or 4 where records came in batches of twice a segment.
pub const SPARE_BUFFERS_MAX: usize = 64;

/// Segments that belong to one channel alone.
pub const EXCLUSIVE_SEGMENTS_PER_CHANNEL: usize = 2;

/// Further segments one channel may borrow from the pool while others do not need them.
pub const FLOATING_SEGMENTS_PER_CHANNEL: usize = 8;

/// Barriers that may wait in one channel beyond the elements it queues: each is of a checkpoint that was given up, but for
/// the newest.
pub const BARRIERS_PER_CHANNEL: usize = 8;

/// Mails a task may have waiting. Mails of one kind coalesce, so this is small.
pub const MAILBOX_MAILS_MAX: usize = 64;

/// Dead letters that are replayed at a time, and their bytes; more follow when the checkpoint that has these is complete.
pub const REPLAY_LETTERS_MAX: usize = 1000;

/// See [`REPLAY_LETTERS_MAX`].
pub const REPLAY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Events all tasks of a job may have waiting for the job master.
pub const TASK_EVENTS_MAX: usize = 4096;

/// Commands a job may have waiting from outside.
pub const JOB_COMMANDS_MAX: usize = 64;

/// Checkpoints of a job that are remembered with their parts.
pub const CHECKPOINT_HISTORY_MAX: usize = 100;

/// Failures of a job that are remembered.
pub const FAILURE_HISTORY_MAX: usize = 100;

/// Subtasks of one operator, at most; also the largest max parallelism (number of key groups).
pub const PARALLELISM_MAX: u32 = 1 << 15;

/// Key groups of a job unless it says otherwise. Flink's default.
pub const MAX_PARALLELISM_DEFAULT: u32 = 128;

/// Operators of one job graph, at most.
pub const OPERATORS_MAX: usize = 10_000;

/// Bytes one record may have on an edge.
pub const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Output bytes after which a guest should hand back control (it may stop in the middle of a batch).
pub const CALL_OUTPUT_SOFT_BYTES: usize = 256 * 1024;

/// Output bytes of one guest call after which the call is refused and its job fails.
pub const CALL_OUTPUT_HARD_BYTES: usize = 256 * 1024 * 1024;

/// Bytes of JSON that a job may hand to its client by the sink `collect`; its key is `max_bytes`. Every checkpoint holds
/// them.
pub const COLLECT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Operations on jobs (savepoints, rescaling, swaps) that a process remembers.
pub const OPERATIONS_MAX: usize = 256;

/// Timers handed to a guest in one call.
pub const TIMERS_PER_CALL: usize = 1024;

/// Entries a state scan returns at once.
pub const SCAN_ENTRIES_MAX: u32 = 4096;

/// Bytes of entries after which a scan of several keys leaves out the rest of them.
pub const SCAN_MANY_BYTES: usize = 1024 * 1024;

/// Bytes of a key together with its sub-key.
pub const KEY_BYTES_MAX: usize = 64 * 1024;

/// Bytes of operator state that one subtask may keep: it lives in memory and is copied for every checkpoint.
pub const OPERATOR_STATE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Log lines one task may write in a second; more are counted and dropped.
pub const LOG_LINES_PER_SECOND: u32 = 100;

/// Bytes of one guest log line or panic text that are kept.
pub const LOG_LINE_BYTES_MAX: usize = 16 * 1024;

const _: () = assert!(SOURCE_BATCH_RECORDS <= BATCH_RECORDS_MAX);
const _: () = assert!(MAX_PARALLELISM_DEFAULT <= PARALLELISM_MAX);
const _: () = assert!(CALL_OUTPUT_SOFT_BYTES < CALL_OUTPUT_HARD_BYTES);
const _: () = assert!(RECORD_BYTES_MAX <= CALL_OUTPUT_HARD_BYTES);
const _: () = assert!(RECORD_BYTES_MAX < u32::MAX as usize);

/// Jobs of one process that have not ended.
pub const ACTIVE_JOBS_MAX: usize = 1000;

/// Components that one process keeps.
pub const COMPONENTS_MAX: usize = 1000;

/// Parts of an upload that wait to be written to disk.
pub const UPLOAD_CHUNKS_MAX: usize = 16;

/// Clients whose request rates are remembered before those that are quiet are forgotten.
pub const RATED_CLIENTS_MAX: usize = 4096;

/// Log entries of a job that can be looked at through the REST API.
pub const LOG_ENTRIES_PER_JOB: usize = 1000;

/// Streams of events that are open at the same time.
pub const EVENT_STREAMS_MAX: usize = 128;

/// Samples of a tapped task that wait to be taken.
pub const TAP_SAMPLES_MAX: usize = 256;

/// Records that are sampled of one batch of a tapped task.
pub const TAP_SAMPLES_PER_BATCH: usize = 8;

/// Bytes of a record that is sampled; larger ones are left out.
pub const TAP_RECORD_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a segment of a sink's output, about: what is stored and read at once.
pub const SINK_SEGMENT_BYTES: usize = 4 * 1024 * 1024;

/// Segments of one sink subtask that may wait to be stored.
pub const SINK_SEGMENTS_WAITING: usize = 4;
