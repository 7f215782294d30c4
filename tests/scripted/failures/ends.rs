//! Runs that end before their time.

use std::fs;
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::{fails, up_fails};
use crate::engine::{At, ScriptedEngine};
use crate::faults::Fault;
use crate::run::{devinfra, start, start_ignoring_hangups};

const HOOKS: &str = "
name: scripted
x-devinfra: {hooks: {after_up: ['sh -c \"exit 3\"']}}
services:
  db: {image: 'example/db:1', x-devinfra: {kind: process}}
";

/// Whether a process has not ended. In a container nobody may reap what has lost its parent.
fn is_there(id: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

#[tokio::test]
async fn a_hook_that_fails_is_named() {
    let engine = ScriptedEngine::new("1.41");
    let error = up_fails(&engine, HOOKS, 1, "hook.failed").await;
    assert_eq!(error["message"], "`after_up` hook `sh -c exit 3` failed");
}

#[tokio::test]
async fn the_program_that_a_hook_lacks_is_named() {
    let engine = ScriptedEngine::new("1.41");
    let hooks = |hook: &str| HOOKS.replace("sh -c \"exit 3\"", hook);
    let plain = hooks("no-such-program --verbose=1");
    let error = up_fails(&engine, &plain, 1, "hook.failed").await;
    assert_eq!(
        error["causes"],
        json!(["there is no program `no-such-program`"])
    );
    assert_eq!(error["hints"], json!([]));
    for hook in ["no-such-program x && echo y", "NO_SUCH=1 make migrate"] {
        let error = up_fails(&engine, &hooks(hook), 1, "hook.failed").await;
        assert_eq!(
            error["hints"],
            json!(["hooks run without a shell: write `sh -c '…'`"]),
            "{hook}"
        );
    }
}

#[tokio::test]
async fn data_that_is_not_known_as_such_is_never_wiped() {
    let engine = ScriptedEngine::new("1.41");
    engine.stack(
        "
name: scripted
services:
  db:
    image: example/db:1
    volumes: ['.:/data']
    x-devinfra: {kind: process, data: [/data]}
",
    );
    let ran = devinfra(&engine, &["reset", "--hard", "--yes", "--json"]).await;
    fails(&ran, 7, "reset.unsafe");
    assert!(engine.directory().join("devinfra.yaml").exists());
}

/// It has a grace period of its own, and the stack file tells no other.
#[tokio::test]
async fn a_container_whose_service_is_gone_is_not_waited_for_without_end() {
    let engine = ScriptedEngine::new("1.41");
    devinfra(&engine, &["up", "--wait-timeout", "20s"])
        .await
        .succeeded();
    engine.stack("{name: scripted, services: {other: {image: 'example/db:1'}}}");
    engine.script(Some((At::Path("/stop"), Fault::NeverAnswers)));
    let ran = devinfra(&engine, &["down", "--json"]).await;
    let error = fails(&ran, 9, "down.left");
    let cause = error["causes"][0].as_str().unwrap();
    assert!(cause.starts_with("failed to stop container"), "{error}");
    assert!(cause.ends_with("did not answer within 4.2 s"), "{error}");
}

#[tokio::test]
async fn the_first_signal_ends_a_run_with_its_code() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let engine = ScriptedEngine::new("1.41");
        engine.script(Some((At::Path("/start"), Fault::Slow)));
        let run = start(&engine, &["up", "--json"]);
        engine.called("/start").await;
        kill_process(run.id(), signal).unwrap();
        fails(&run.ended().await, status, "run.interrupted");
    }
}

#[tokio::test]
async fn a_run_that_shall_not_heed_a_closed_terminal_goes_on() {
    let engine = ScriptedEngine::new("1.41");
    engine.script(Some((At::Path("/start"), Fault::Slow)));
    let run = start_ignoring_hangups(&engine, &["up"]);
    engine.called("/start").await;
    kill_process(run.id(), Signal::HUP).unwrap();
    run.ended().await.succeeded();
}

#[tokio::test]
async fn the_second_signal_kills_a_hook_with_what_it_has_started() {
    let engine = ScriptedEngine::new("1.41");
    let script = "trap '' TERM; sleep 600 & echo $! > started; mv started pid; wait";
    fs::write(engine.directory().join("hook.sh"), script).unwrap();
    engine.stack(&HOOKS.replace("sh -c \"exit 3\"", "sh hook.sh"));
    let run = start(&engine, &["up"]);
    let written = engine.directory().join("pid");
    let started = loop {
        match fs::read_to_string(&written) {
            Ok(id) => break id.trim().to_owned(),
            Err(_not_yet) => sleep(Duration::from_millis(10)).await,
        }
    };
    kill_process(run.id(), Signal::INT).unwrap();
    sleep(Duration::from_millis(300)).await;
    assert!(is_there(&started), "the first leaves it a grace");
    kill_process(run.id(), Signal::INT).unwrap();
    assert_eq!(run.ended().await.status, Some(130));
    let killed = async {
        while is_there(&started) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let killed = timeout(Duration::from_secs(30), killed).await;
    assert!(killed.is_ok(), "it goes on");
}

#[tokio::test]
async fn the_second_signal_ends_a_run_at_once() {
    let engine = ScriptedEngine::new("1.41");
    engine.script(Some((At::Path("/start"), Fault::NeverAnswers)));
    // The first does not cut off a call to the engine: this one would go on for longer than the test
    // waits.
    let mut run = start(&engine, &["--engine-timeout", "10m", "up", "--json"]);
    engine.called("/start").await;
    kill_process(run.id(), Signal::INT).unwrap();
    sleep(Duration::from_millis(500)).await;
    assert!(!run.has_ended(), "the first waits for the call under way");
    let ran = loop {
        kill_process(run.id(), Signal::INT).ok(); // two that come close together count as one
        sleep(Duration::from_millis(100)).await;
        if run.has_ended() {
            break run.ended().await;
        }
    };
    assert_eq!(ran.status, Some(130), "{}", ran.stderr);
}
