//! Waiting, for tests that are no futures.

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};

/// Runs a future to its end, on a runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Asks `look` until it has an answer; panics when there is none by `patience`.
#[track_caller]
pub(crate) fn until<T>(what: &str, patience: Duration, look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            began.elapsed() < patience,
            "not within {patience:?}: {what}"
        );
        pause(Duration::from_millis(5));
    }
}

/// Lets time pass.
pub(crate) fn pause(duration: Duration) {
    block_on(async { sleep(duration).await });
}
