//! What comes of a plan when things go wrong.

use std::time::Duration;

use devinfra::apply::{ApplyError, ExitReason};
use devinfra::engine::EngineError;
use devinfra::kinds::Readiness;
use devinfra::model::Condition;
use devinfra::plan::{Down, Goal, Up};
use tokio::time::Instant;

use crate::world::{Answers, Change as _, engine_for, name, plan, reach, reach_with, stack};

#[tokio::test(start_paused = true)]
async fn a_container_that_exits_ends_the_run_at_once_with_its_status_and_last_words() {
    let stack = stack(&["db"]);
    let engine = engine_for(&stack);
    engine.die_at_start("hub-db", 3);
    let never_ready = Answers(vec![(name("db"), Readiness::NotYet("silence".to_owned()))]);
    let began = Instant::now();
    let outcome = reach_with(&engine, &stack, &Goal::Up(Up::all(&stack)), &never_ready).await;
    assert!(
        began.elapsed() < Duration::from_millis(100),
        "{:?}",
        began.elapsed()
    );
    match outcome.failure.unwrap().error {
        ApplyError::Exited {
            service,
            reason,
            log,
            ..
        } => {
            assert_eq!(service, name("db"));
            assert_eq!(
                reason,
                ExitReason::Exited {
                    code: Some(3),
                    oom_killed: false
                }
            );
            assert_eq!(log, ["last words"]);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_names_the_last_reason() {
    let stack = stack(&["db"]);
    let engine = engine_for(&stack);
    let never_ready = Answers(vec![(
        name("db"),
        Readiness::NotYet("still loading".to_owned()),
    )]);
    let outcome = reach_with(&engine, &stack, &Goal::Up(Up::all(&stack)), &never_ready).await;
    match outcome.failure.unwrap().error {
        error @ ApplyError::NotReady { .. } => {
            assert_eq!(error.to_string(), "`db` was not usable within 2 s");
            let ApplyError::NotReady { reason, .. } = error else {
                unreachable!()
            };
            assert_eq!(reason, "still loading");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_taken_port_leaves_nothing_that_blocks_the_next_run() {
    let stack = stack(&["db"]).publishes("db", 5432);
    let engine = engine_for(&stack);
    engine.take_port(5432);
    let goal = Goal::Up(Up::all(&stack));
    let outcome = reach(&engine, &stack, &goal).await;
    assert!(matches!(
        outcome.failure.unwrap().error,
        ApplyError::Engine(EngineError::PortTaken {
            port: Some(5432),
            ..
        })
    ));
    assert_eq!(
        plan(&engine, &stack, &goal).await.to_string(),
        "start db (not running)\n"
    );
    reach(&engine, &stack, &Goal::Down(Down::all())).await;
    assert!(
        plan(&engine, &stack, &Goal::Down(Down::all()))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_service_that_is_not_required_costs_only_itself() {
    let stack = stack(&["cache", "db"]).change("cache", |service| service.required = false);
    let engine = engine_for(&stack);
    engine.die_at_start("hub-cache", 1);
    let never_ready = Answers(vec![(
        name("cache"),
        Readiness::NotYet("silence".to_owned()),
    )]);
    let outcome = reach_with(&engine, &stack, &Goal::Up(Up::all(&stack)), &never_ready).await;
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    assert!(outcome.ready.contains_key(&name("db")));
    assert!(outcome.degraded.contains_key(&name("cache")));
}

#[tokio::test]
async fn a_failed_dependency_is_the_failure_of_a_required_dependent() {
    let stack = stack(&["api", "db"])
        .depends("api", "db", Condition::Healthy)
        .change("db", |service| service.required = false);
    let engine = engine_for(&stack);
    engine.die_at_start("hub-db", 1);
    let never_ready = Answers(vec![(name("db"), Readiness::NotYet("silence".to_owned()))]);
    let outcome = reach_with(&engine, &stack, &Goal::Up(Up::all(&stack)), &never_ready).await;
    assert_eq!(outcome.failure.unwrap().service, Some(name("db")));
    assert!(engine.running().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_fails_at_the_same_time_is_told_too() {
    let stack = stack(&["cache", "db", "store"]);
    let engine = engine_for(&stack);
    engine.die_at_start("hub-db", 3);
    engine.die_at_start("hub-store", 4);
    let silent = |service: &str| (name(service), Readiness::NotYet("silence".to_owned()));
    let never_ready = Answers(["cache", "db", "store"].map(silent).to_vec());
    let began = Instant::now();
    let outcome = reach_with(&engine, &stack, &Goal::Up(Up::all(&stack)), &never_ready).await;
    assert!(
        began.elapsed() < Duration::from_millis(100),
        "{:?}",
        began.elapsed()
    );
    let first = outcome.failure.unwrap();
    let mut told: Vec<String> = [&first]
        .into_iter()
        .chain(&outcome.further)
        .map(|failure| failure.error.to_string())
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "`db` exited with status 3 before it was usable",
            "`store` exited with status 4 before it was usable",
        ]
    );
}
