//! Signals that end a process: Ctrl-C and a termination signal.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for one of them. Never ready if the system offers no signals.
pub(super) async fn first() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() {
            std::future::pending().await
        },
        _ = terminate.recv() => {}
    }
}
