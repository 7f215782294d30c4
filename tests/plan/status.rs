//! What `status` says of containers that no service of the stack has.

use std::collections::BTreeSet;

use devinfra::apply::Stop;
use devinfra::event::Silent;
use devinfra::flow::{Session, status};
use devinfra::plan::{Goal, Up};
use tempfile::tempdir;
use tokio::time::Instant;

use crate::world::{engine_for, name, reach, stack};

/// What is said when the stack file has the profiles of a service that runs, and none is active.
async fn reason(profiles: &[&str]) -> String {
    let mut stack = stack(&["db", "worker"]);
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
    assert_eq!(found[0].reason, None);
    assert_eq!(found[1].name, name("worker"));
    found[1].reason.clone().unwrap()
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
