//! What engine tests are made of: a project of their own, the real binary, real clients, and a look
//! at the engine that does not go through devinfra.

pub(crate) mod clients;
pub(crate) mod engine;
pub(crate) mod images;
pub(crate) mod ports;
pub(crate) mod project;
pub(crate) mod proxy;
pub(crate) mod pty;
pub(crate) mod run;
pub(crate) mod secrets;

use std::env;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};

pub(crate) use project::Project;
pub(crate) use run::{Run, Running};

/// A variable of the environment the tests run in.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::vars().find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}

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

/// Runs the jobs at the same time and gives their results in their order.
pub(crate) fn together<T: Send>(jobs: Vec<Box<dyn FnOnce() -> T + Send + '_>>) -> Vec<T> {
    thread::scope(|scope| {
        let running: Vec<_> = jobs.into_iter().map(|job| scope.spawn(job)).collect();
        running.into_iter().map(|job| job.join().unwrap()).collect()
    })
}
