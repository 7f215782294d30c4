//! What `status` says of containers that no service of the stack has.

use std::collections::BTreeSet;

use devinfra::apply::Stop;
use devinfra::event::Silent;
use devinfra::flow::{Session, status};
use devinfra::plan::{Goal, Up};
use tempfile::tempdir;
use tokio::time::Instant;

use crate::world::{engine_for, name, reach, stack};

/// What is said of a service that runs, when the stack file has these profiles of it, and none is
/// active; `others` are on.
async fn reason_beside(others: &[&str], profiles: &[&str]) -> String {
    let mut stack = stack(&[others, &["worker"]].concat());
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    stack.services.remove(&name("worker")).unwrap();
    if !profiles.is_empty() {
        let profiles: BTreeSet<String> = profiles.iter().map(ToString::to_string).collect();
        stack.off.insert(name("worker"), profiles);
    }
    let (_stopper, stop) = Stop::new();
    let directory = tempdir().unwrap();
    let locks = directory.path().to_owned();
    let session = Session {
        stack: &stack,
        engine: &engine,
        observer: &Silent,
        stop: &stop,
        lock_directory: &locks,
        command: "a test",
        began: Instant::now(),
    };
    let found = status(&session).await.unwrap();
    let (worker, others) = found.split_last().unwrap();
    assert!(others.iter().all(|one| one.reason.is_none()), "{others:?}");
    assert_eq!(worker.name, name("worker"));
    worker.reason.clone().unwrap()
}

async fn reason(profiles: &[&str]) -> String {
    reason_beside(&["db"], profiles).await
}

#[tokio::test]
async fn a_stack_whose_services_are_all_off_is_told_as_one_with_others() {
    assert_eq!(reason_beside(&[], &[]).await, "no longer in the stack file");
    assert_eq!(
        reason_beside(&[], &["bg"]).await,
        "its profile `bg` is not active"
    );
}

#[tokio::test]
async fn a_service_that_is_off_is_told_apart_from_one_that_is_gone() {
    assert_eq!(reason(&[]).await, "no longer in the stack file");
    assert_eq!(reason(&["bg"]).await, "its profile `bg` is not active");
    assert_eq!(
        reason(&["bg", "all"]).await,
        "none of its profiles is active: `all`, `bg`"
    );
}
