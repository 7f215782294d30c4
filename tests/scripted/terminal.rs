//! Runs that somebody sits at, or ends by hand. With `--json` each ends in a result all the same.

use std::time::Duration;

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::cache::engine_with_cache;
use crate::engine::{At, ScriptedEngine};
use crate::faults::{Fault, patient};
use crate::run::{Ran, STACK, at_a_terminal, devinfra, start};

/// The result that ends what was shown.
#[track_caller]
fn result(shown: &str) -> Value {
    let last = shown.lines().rfind(|line| line.starts_with('{'));
    let result = serde_json::from_str(last.unwrap_or_default());
    assert!(result.is_ok(), "no result: {shown}");
    result.unwrap()
}

async fn stack_that_is_up() -> ScriptedEngine {
    let engine = ScriptedEngine::new("1.41");
    patient(&engine, &["up", "--wait-timeout", "20s"])
        .await
        .succeeded();
    engine
}

#[tokio::test]
async fn a_reset_that_is_declined_says_so_to_scripts_too() {
    let engine = stack_that_is_up().await;
    for answer in ["n\n", "\n", "no way\n", "\u{4}"] {
        let decline = |arguments| {
            at_a_terminal(&engine, arguments, move |pty| {
                pty.shows("[y/N]");
                pty.types(answer);
            })
        };
        let (status, shown) = decline(&["reset", "--json"]).await;
        let result = result(&shown);
        assert_eq!((status, &result["ok"]), (Some(1), &json!(false)), "{shown}");
        assert_eq!(result["event"], "result");
        assert_eq!(result["wiped"], json!([]));
        assert_eq!(result["error"]["code"], "reset.declined", "{answer:?}");
        assert!(!shown.contains("panicked"), "{shown}");

        let (status, shown) = decline(&["reset"]).await;
        assert_eq!(status, Some(1));
        assert!(shown.ends_with("nothing was wiped\r\n"), "{shown}");
        assert!(!shown.contains("error"), "{shown}");
    }
    assert!(engine.calls().iter().all(|call| call.method != "DELETE"));
}

#[tokio::test]
async fn a_signal_at_the_question_of_a_reset_is_a_result() {
    let engine = stack_that_is_up().await;
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let (ended, shown) = at_a_terminal(&engine, &["reset", "--json"], move |pty| {
            pty.shows("[y/N]");
            pty.signal(signal);
        })
        .await;
        assert_eq!(ended, Some(status), "{shown}");
        assert_eq!(result(&shown)["error"]["code"], "run.interrupted");
    }
}

/// Ends a run as [`interrupted`] does, which has to be soon and with a result that says so.
async fn ended_with_a_result(
    engine: &ScriptedEngine,
    arguments: &[&str],
    signals: usize,
) -> (Ran, Value) {
    let (ran, elapsed) = interrupted(engine, arguments, signals).await;
    assert_eq!(ran.status, Some(130), "{arguments:?}: {}", ran.stderr);
    assert!(
        elapsed < Duration::from_secs(10),
        "{arguments:?}: {elapsed:?}"
    );
    let document = result(&ran.stdout);
    assert_eq!(
        document["error"]["code"], "run.interrupted",
        "{arguments:?}"
    );
    (ran, document)
}

/// Ends a run by signals once it has asked the silent engine; how long it took to end.
async fn interrupted(
    engine: &ScriptedEngine,
    arguments: &[&str],
    signals: usize,
) -> (Ran, Duration) {
    engine.script(Some((At::Path("/containers/json"), Fault::NeverAnswers)));
    let arguments = [&["--engine-timeout", "10m", "--json"], arguments].concat();
    let mut run = start(engine, &arguments);
    engine.called("/containers/json").await;
    sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    for _signal in 0..signals {
        kill_process(run.id(), Signal::INT).ok(); // it may have ended
        sleep(Duration::from_millis(500)).await;
        if run.has_ended() {
            break;
        }
    }
    (run.ended().await, began.elapsed())
}

/// What only looks has nothing to bring to an end.
#[tokio::test]
async fn the_first_signal_ends_what_only_looks_also_where_the_engine_is_silent() {
    let plain = stack_that_is_up().await;
    let cache = engine_with_cache().await;
    patient(&cache, &["up", "--wait-timeout", "20s"])
        .await
        .succeeded();
    let database = stack_that_is_up().await;
    database.stack(&STACK.replace("kind: tcp", "kind: postgres"));
    for (engine, arguments) in [
        (&plain, &["status"][..]),
        (&plain, &["ls"]),
        (&plain, &["doctor"]),
        (&plain, &["env"]),
        (&plain, &["run", "true"]),
        (&plain, &["report", "-"]),
        (&plain, &["report"]),
        (&plain, &["exec", "db", "true"]),
        (&database, &["psql"]),
        (&cache, &["valkey-cli", "ping"]),
        (&cache, &["cache", "check"]),
        (&cache, &["cache", "bootstrap"]),
        (&cache, &["cache", "bootstrap", "--dry-run"]),
        (&cache, &["cache", "stats"]),
    ] {
        let (ran, _) = ended_with_a_result(engine, arguments, 1).await;
        assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    }
    assert!(!plain.directory().join("devinfra-report.md").exists());
    // Ctrl-C is how these end.
    for (engine, arguments) in [
        (&plain, &["logs"][..]),
        (&plain, &["logs", "-f"]),
        (&cache, &["cache", "stats", "--watch"]),
    ] {
        let (ran, elapsed) = interrupted(engine, arguments, 1).await;
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(130), ""));
        assert!(
            elapsed < Duration::from_secs(10),
            "{arguments:?}: {elapsed:?}"
        );
    }
}

/// The first waits for the call under way.
#[tokio::test]
async fn the_second_signal_ends_what_changes_something_with_a_result() {
    let plain = stack_that_is_up().await;
    let cache = engine_with_cache().await;
    patient(&cache, &["up", "--wait-timeout", "20s"])
        .await
        .succeeded();
    for (engine, arguments) in [
        (&plain, &["up"][..]),
        (&plain, &["down"]),
        (&plain, &["reset", "--yes"]),
        (&cache, &["cache", "check", "--deep"]),
    ] {
        let (_, document) = ended_with_a_result(engine, arguments, 2).await;
        assert_eq!(document["ok"], false);
    }
}

#[tokio::test]
async fn a_signal_while_another_run_is_waited_for_is_a_result() {
    let engine = ScriptedEngine::new("1.41");
    engine.script(Some((At::Path("/start"), Fault::NeverAnswers)));
    let first = start(&engine, &["--engine-timeout", "10m", "up"]);
    engine.called("/start").await;
    for arguments in [&["up"][..], &["down"], &["reset", "--yes"]] {
        let arguments = [&["--json"], arguments].concat();
        let second = start(&engine, &arguments);
        sleep(Duration::from_millis(500)).await;
        kill_process(second.id(), Signal::INT).unwrap();
        let ran = second.ended().await;
        assert_eq!(ran.failure(), (Some(130), "run.interrupted".to_owned()));
    }
    drop(first);
}

/// The size of the terminal is told to the engine beside everything else.
#[tokio::test]
async fn a_command_goes_on_while_the_engine_does_not_take_the_size_of_the_terminal() {
    let engine = stack_that_is_up().await;
    engine.script(Some((At::Path("/resize"), Fault::NeverAnswers)));
    let arguments = ["--engine-timeout", "10m", "exec", "db", "cat"];
    let (status, shown) = at_a_terminal(&engine, &arguments, |pty| {
        pty.shows("said by the command");
        assert!(!pty.is_cooked());
        pty.types("one ");
        pty.shows("one ");
        pty.resize(80, 24);
        pty.types("two ");
        pty.shows("two ");
        pty.types("\u{4}");
    })
    .await;
    assert_eq!(status, Some(0), "{shown}");
    let calls = engine.calls();
    let resized = calls.iter().filter(|call| call.path.ends_with("/resize"));
    assert_eq!(resized.count(), 2);
}

/// `reset` asks nobody who is not there.
#[tokio::test]
async fn a_reset_without_anybody_to_ask_is_a_result() {
    let engine = stack_that_is_up().await;
    let ran = devinfra(&engine, &["reset", "--json"]).await;
    assert_eq!(ran.failure(), (Some(2), "reset.needs-yes".to_owned()));
}
