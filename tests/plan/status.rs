//! What `status` says of containers that no service of the stack has, and of those that do not stay as
//! they are while it asks.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::spawn;

use devinfra::apply::Stop;
use devinfra::engine::FakeEngine;
use devinfra::flow::{ServiceStatus, status};
use devinfra::model::{ContainerState, HttpProbe, Kind, ServiceName, Stack};
use devinfra::plan::{Goal, Up};
use tempfile::tempdir;

use crate::world::{Answers, Change as _, engine_for, name, reach, reach_with, session, stack};

/// What `status` finds.
async fn asked(stack: &Stack, engine: &FakeEngine) -> Vec<ServiceStatus> {
    let (_stopper, stop) = Stop::new();
    let directory = tempdir().unwrap();
    let locks = directory.path().to_owned();
    let found = status(&session(stack, engine, &stop, &locks)).await;
    found.unwrap()
}

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
    let found = asked(&stack, &engine).await;
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

/// What is said of a service that answers, and of another, where its container gets into this state
/// while it is asked.
async fn found_when_asked_in(state: ContainerState) -> Vec<(ServiceName, String, bool)> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let probe = HttpProbe {
        port: 80,
        path: "/".to_owned(),
        status: None,
    };
    let stack = stack(&["db", "worker"])
        .publishes("db", port)
        .change("db", |db| db.kind = Kind::Http(probe));
    let engine = engine_for(&stack);
    let answers = Answers(Vec::new());
    reach_with(&engine, &stack, &Goal::Up(Up::all(&stack)), &answers).await;
    let changed = engine.clone();
    let answering = spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        changed.set_state("hub-db", &state);
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
    });
    let found = asked(&stack, &engine).await;
    answering.join().unwrap();
    let found = found.into_iter().map(|one| {
        let state = one.container.unwrap().state;
        (one.name, state.word().to_owned(), one.ready)
    });
    found.collect()
}

#[tokio::test]
async fn a_container_that_dies_while_it_is_asked_is_not_called_usable() {
    let worker = (name("worker"), "running".to_owned(), true);
    let died = ContainerState::Exited {
        code: Some(1),
        oom_killed: false,
    };
    assert_eq!(
        found_when_asked_in(died).await,
        [(name("db"), "exited".to_owned(), false), worker.clone()]
    );
    assert_eq!(
        found_when_asked_in(ContainerState::Running).await,
        [(name("db"), "running".to_owned(), true), worker]
    );
}
