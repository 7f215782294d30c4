//! What `logs` tells, in which order, and through restarts.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use devinfra::apply::{Stop, Stopper};
use devinfra::engine::{Engine as _, FakeEngine};
use devinfra::flow::{FlowError, LogsRequest, Told, logs};
use devinfra::model::{AnonymousVolumes, ContainerState, Stack};
use devinfra::plan::{Goal, Up};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::world::{engine_for, look, name, reach, session, stack};

const EXITED: ContainerState = ContainerState::Exited {
    code: Some(1),
    oom_killed: false,
};

async fn running(services: &[&str]) -> (Stack, FakeEngine) {
    let stack = stack(services);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    (stack, engine)
}

fn at(second: u32) -> String {
    format!("2026-11-23T20:00:{second:02}.000000000Z")
}

/// What was told, as lines: `db: ready`, `db exited with 1`.
fn as_line(told: Told) -> Option<String> {
    match told {
        Told::Line { service, line } => Some(format!("{service}: {}", line.text)),
        Told::Died { service, exit_code } => Some(format!("{service} exited with {exit_code:?}")),
        Told::Started { service } => Some(format!("{service} started")),
        Told::Unreadable { service, .. } => Some(format!("{service} unreadable")),
        Told::NoContainer => Some("no container".to_owned()),
        Told::Following(_) => None,
    }
}

/// Reads logs in the background; lines arrive in the channel.
fn follow(
    stack: &Stack,
    engine: &FakeEngine,
    request: LogsRequest,
) -> (mpsc::UnboundedReceiver<String>, Stopper) {
    let (stack, engine) = (stack.clone(), engine.clone());
    let (send, receive) = mpsc::unbounded_channel();
    let (stopper, stop) = Stop::new();
    tokio::spawn(async move {
        let locks = PathBuf::new();
        let session = session(&stack, &engine, &stop, &locks);
        let mut tell = |told| {
            let gone = as_line(told).is_some_and(|line| send.send(line).is_err());
            if gone {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let ended = logs(&session, &request, &mut tell).await;
        if matches!(ended, Err(FlowError::Interrupted)) {
            send.send("stopped".to_owned()).ok();
        }
    });
    (receive, stopper)
}

async fn next(lines: &mut mpsc::UnboundedReceiver<String>) -> String {
    let line = timeout(Duration::from_mins(1), lines.recv()).await;
    line.unwrap().unwrap_or_else(|| "ended".to_owned())
}

#[tokio::test(start_paused = true)]
async fn lines_of_all_services_come_in_the_order_of_their_times() {
    let (stack, engine) = running(&["cache", "db"]).await;
    engine.write_log("hub-db", &at(1), "one");
    engine.write_log("hub-db", &at(3), "three");
    engine.write_log("hub-cache", &at(2), "two");
    let (mut lines, _stopper) = follow(&stack, &engine, LogsRequest::default());
    for expected in ["db: one", "cache: two", "db: three", "ended"] {
        assert_eq!(next(&mut lines).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_container_that_is_told() {
    let stack = stack(&["db"]);
    let engine = engine_for(&stack);
    let (mut lines, _stopper) = follow(&stack, &engine, LogsRequest::default());
    for expected in ["no container", "ended"] {
        assert_eq!(next(&mut lines).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn lines_that_are_written_meanwhile_are_sorted_and_none_comes_twice() {
    let (stack, engine) = running(&["cache", "db"]).await;
    engine.write_log("hub-db", &at(1), "one");
    let request = LogsRequest {
        follow: true,
        ..LogsRequest::default()
    };
    let (mut lines, stopper) = follow(&stack, &engine, request);
    assert_eq!(next(&mut lines).await, "db: one");
    engine.write_log("hub-db", &at(3), "three");
    engine.write_log("hub-cache", &at(2), "two");
    assert_eq!(next(&mut lines).await, "cache: two");
    assert_eq!(next(&mut lines).await, "db: three");
    stopper.stop();
    assert_eq!(next(&mut lines).await, "stopped");
}

#[tokio::test(start_paused = true)]
async fn a_restarted_container_is_read_on_and_a_new_one_from_its_beginning() {
    let (stack, engine) = running(&["db"]).await;
    engine.write_log("hub-db", &at(1), "one");
    let request = LogsRequest {
        follow: true,
        tail: Some(0),
        ..LogsRequest::default()
    };
    let (mut lines, _stopper) = follow(&stack, &engine, request);
    let id = look(&engine, &stack).await.containers[0].id.clone();
    yield_now().await;

    engine.write_log("hub-db", &at(2), "two");
    assert_eq!(next(&mut lines).await, "db: two");
    engine.set_state("hub-db", &EXITED);
    engine.write_log("hub-db", &at(3), "three");
    engine.start_container(&id).await.unwrap();
    assert_eq!(next(&mut lines).await, "db started");
    assert_eq!(next(&mut lines).await, "db: three");

    engine.stop_container(&id, None).await.unwrap();
    engine
        .remove_container(&id, AnonymousVolumes::Removed)
        .await
        .unwrap();
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    engine.write_log("hub-db", &at(4), "four");
    assert_eq!(next(&mut lines).await, "db started");
    assert_eq!(next(&mut lines).await, "db: four");
}

#[tokio::test(start_paused = true)]
async fn only_the_services_that_were_named_are_read() {
    let (stack, engine) = running(&["cache", "db"]).await;
    engine.write_log("hub-db", &at(1), "one");
    engine.write_log("hub-cache", &at(2), "two");
    let request = LogsRequest {
        services: vec![name("cache")],
        ..LogsRequest::default()
    };
    let (mut lines, _stopper) = follow(&stack, &engine, request);
    assert_eq!(next(&mut lines).await, "cache: two");
    assert_eq!(next(&mut lines).await, "ended");
}
