//! What engine tests are made of: a project of their own, the real binary, real clients, and a look
//! at the engine that does not go through devinfra.

pub(crate) mod clients;
pub(crate) mod engine;
pub(crate) mod images;
pub(crate) mod ports;
pub(crate) mod project;
pub(crate) mod proxy;
#[path = "../../support/pty.rs"]
pub(crate) mod pty;
pub(crate) mod run;
pub(crate) mod secrets;
#[path = "../../support/waiting.rs"]
mod waiting;
#[path = "../../support/watch.rs"]
pub(crate) mod watch;

use std::env;
use std::thread;

pub(crate) use project::Project;
pub(crate) use run::{Run, Running};
pub(crate) use waiting::{block_on, pause, until};

/// A variable of the environment the tests run in.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::vars().find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}

/// Runs the jobs at the same time and gives their results in their order.
pub(crate) fn together<T: Send>(jobs: Vec<Box<dyn FnOnce() -> T + Send + '_>>) -> Vec<T> {
    thread::scope(|scope| {
        let running: Vec<_> = jobs.into_iter().map(|job| scope.spawn(job)).collect();
        running.into_iter().map(|job| job.join().unwrap()).collect()
    })
}
