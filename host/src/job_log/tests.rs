//! Entries go to the job whose span is around them, and there are never too many.

use tracing_subscriber::layer::SubscriberExt;

use super::*;

#[test]
fn an_entry_belongs_to_the_job_around_it() {
    let logs = Arc::new(JobLogs::default());
    let subscriber = tracing_subscriber::registry().with(JobLogLayer::new(Arc::clone(&logs)));
    let id = JobId([7; 16]);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("of the process");
        tracing::info_span!("job", job = %id).in_scope(|| {
            tracing::info_span!("task", chain = "map -> sink", subtask = 3_u64)
                .in_scope(|| tracing::warn!(reason = "late", "slow"));
        });
    });
    let entries = logs.of(Some(id));
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].message, "slow reason=\"late\"");
    assert_eq!(entries[0].operator.as_deref(), Some("map -> sink"));
    assert_eq!(entries[0].subtask, Some(3));
    assert_eq!(logs.of(None).len(), 1);
    logs.forget(id);
    assert!(logs.of(Some(id)).is_empty());
}

#[test]
fn the_newest_entries_stay() {
    let logs = Arc::new(JobLogs::default());
    let subscriber = tracing_subscriber::registry().with(JobLogLayer::new(Arc::clone(&logs)));
    tracing::subscriber::with_default(subscriber, || {
        for number in 0..LOG_ENTRIES_PER_JOB + 5 {
            tracing::info!("{number}");
        }
    });
    let entries = logs.of(None);
    assert_eq!(entries.len(), LOG_ENTRIES_PER_JOB);
    assert_eq!(entries[0].message, "5");
}
