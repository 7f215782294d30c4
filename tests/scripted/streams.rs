//! Runs that go on for as long as somebody wants: `logs -f`, `cache stats --watch`, and commands
//! inside containers. What an engine should answer is bounded in them as well.

use std::time::Duration;

use futures_util::future::join_all;
use rustix::process::{Signal, kill_process};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::cache::engine_with_cache;
use crate::engine::{At, ScriptedEngine};
use crate::faults::{DOCUMENTED, FAULTS, Fault, all_hold, patient};
use crate::http::Request;
use crate::run::{Ran, Run, devinfra, start};

/// How long a run may take to get over a fault.
const PATIENCE: Duration = Duration::from_secs(45);

const FOLLOW: &[&str] = &["logs", "-f"];
const WATCH: &[&str] = &["cache", "stats", "--watch", "--json"];

/// Waits until it holds, or the run has ended; whether it holds.
async fn holds(run: &mut Run, look: impl Fn(&Run) -> bool) -> bool {
    let began = Instant::now();
    while !look(run) && !run.has_ended() && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(10)).await;
    }
    look(run)
}

async fn interrupted(mut run: Run) -> Ran {
    if !run.has_ended() {
        kill_process(run.id(), Signal::INT).ok(); // it may have ended by now
    }
    run.ended().await
}

async fn up(engine: &ScriptedEngine) {
    let ran = patient(engine, &["up", "--wait-timeout", "20s"]).await;
    ran.succeeded();
    engine.script(None);
}

/// What is wrong with a run that met a fault: it must have ended with a failure that is told, or it
/// goes on until Ctrl-C.
fn judge(ran: &Ran, goes_on: bool) -> Option<String> {
    match ran.status {
        Some(130) if goes_on => None,
        Some(status) if DOCUMENTED.contains(&status) && ran.stderr.contains("error: ") => None,
        other => Some(format!(
            "{other:?}, and it {} on: {}{}",
            if goes_on { "goes" } else { "does not go" },
            ran.stdout,
            ran.stderr
        )),
    }
}

/// How many calls a run makes until it follows both containers.
async fn calls_until_followed() -> usize {
    let engine = ScriptedEngine::new("1.41");
    up(&engine).await;
    let mut run = start(&engine, FOLLOW);
    let follows = || {
        engine
            .calls()
            .iter()
            .filter(|call| call.is_following())
            .count()
            == 2
    };
    assert!(holds(&mut run, |_| follows()).await);
    let calls = engine.calls().len();
    assert_eq!(interrupted(run).await.status, Some(130));
    calls
}

/// Whether so many lines of a service were told, or that they can't be.
fn tells(run: &Run, service: &str, lines: usize) -> bool {
    let stdout = run.stdout();
    let prefix = format!("{service} | ");
    // A container with a terminal could have written the page of a proxy.
    let is_own = |line: &&str| line.starts_with(&prefix) && !line.contains("<html>");
    let told = stdout.lines().filter(is_own);
    let warning = format!("the log of `{}` can't be read", service.trim());
    told.count() == lines || run.stderr().contains(&warning)
}

/// A fault at one call: what is written later is told all the same, or the run fails.
#[tokio::test]
async fn following_goes_on_or_fails_whatever_goes_wrong_and_whenever() {
    let calls = calls_until_followed().await;
    all_hold(FAULTS.into_iter().map(|fault| follow(fault, calls))).await;
}

async fn follow(fault: Fault, calls: usize) -> Vec<String> {
    let engine = ScriptedEngine::new("1.41");
    up(&engine).await;
    let mut broken = Vec::new();
    for call in 0..calls {
        engine.script(Some((At::Call(call), fault)));
        let mut run = start(&engine, FOLLOW);
        let met = holds(&mut run, |_| engine.calls().len() > call).await;
        engine.world().log.push("written later");
        let written = engine.world().log.len();
        let told = |run: &Run| {
            ["app", "db "]
                .iter()
                .all(|service| tells(run, service, written))
        };
        // One that has written half a line is as good as one that writes on.
        let is_stalled = fault == Fault::StallsInTheBody
            && engine.calls().get(call).is_some_and(Request::is_following);
        let goes_on = met && (is_stalled || holds(&mut run, told).await);
        let wrong = judge(&interrupted(run).await, goes_on);
        broken.extend(wrong.map(|what| format!("{fault:?} at call {call}: {what}")));
    }
    broken
}

#[tokio::test]
async fn watching_goes_on_or_fails_whatever_goes_wrong_and_whenever() {
    all_hold(FAULTS.into_iter().map(watch)).await;
}

async fn watch(fault: Fault) -> Vec<String> {
    // Each look asks the engine once, behind its first word.
    const CALLS: usize = 4;
    let engine = engine_with_cache().await;
    up(&engine).await;
    let mut broken = Vec::new();
    for call in 0..CALLS {
        engine.script(Some((At::Call(call), fault)));
        let mut run = start(&engine, WATCH);
        holds(&mut run, |_| engine.calls().len() > call).await;
        let shown = run.stdout().lines().count();
        let goes_on = holds(&mut run, |run| run.stdout().lines().count() > shown + 1).await;
        let wrong = judge(&interrupted(run).await, goes_on);
        broken.extend(wrong.map(|what| format!("{fault:?} at call {call}: {what}")));
    }
    broken
}

/// Neither asked for without a pause, nor for ever without a word.
#[tokio::test]
async fn a_log_that_ends_at_once_again_and_again_is_given_up() {
    let faults = [
        Fault::EmptyFiveHundred,
        Fault::ClosesAtOnce,
        Fault::NeverAnswers,
        Fault::Ends,
    ];
    join_all(faults.map(|fault| async move {
        let engine = ScriptedEngine::new("1.41");
        up(&engine).await;
        engine.script(Some((At::Following, fault)));
        let mut run = start(&engine, &["logs", "-f", "db"]);
        let is_told = |run: &Run| {
            run.stderr()
                .contains("warning: the log of `db` can't be read")
        };
        assert!(holds(&mut run, is_told).await, "{fault:?}");
        let asked = engine.calls().len();
        assert!(asked < 20, "{fault:?}: {asked} calls");
        sleep(Duration::from_secs(3)).await;
        assert_eq!(
            engine.calls().len(),
            asked,
            "{fault:?}: it is still asked for"
        );
        let ran = interrupted(run).await;
        assert_eq!(ran.status, Some(130), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }))
    .await;
}

/// Events that end at once, or never come, are made up for by looking now and then.
#[tokio::test]
async fn events_that_end_again_and_again_are_not_asked_for_without_a_pause() {
    let faults = [
        Fault::ClosesAtOnce,
        Fault::EmptyFiveHundred,
        Fault::NeverAnswers,
        Fault::Ends,
    ];
    join_all(faults.map(|fault| async move {
        let engine = ScriptedEngine::new("1.41");
        up(&engine).await;
        engine.script(Some((At::Path("/events"), fault)));
        let mut run = start(&engine, &["logs", "-f", "db"]);
        sleep(Duration::from_secs(5)).await;
        let asked = engine.calls().len();
        assert!((6..25).contains(&asked), "{fault:?}: {asked} calls in 5 s");
        // A container that is made meanwhile is found without them.
        let made = patient(&engine, &["up", "--recreate", "--wait-timeout", "20s"]).await;
        made.succeeded();
        let lines = |run: &Run| run.stdout().matches("ready to serve").count();
        assert!(holds(&mut run, |run| lines(run) == 2).await, "{fault:?}");
        assert_eq!(interrupted(run).await.status, Some(130));
    }))
    .await;
}

#[tokio::test]
async fn a_command_whose_connection_is_never_handed_over_is_told() {
    let engine = ScriptedEngine::new("1.41");
    up(&engine).await;
    for (fault, code) in [
        (Fault::NeverAnswers, "engine.no-answer"),
        (Fault::NotJson, "engine.broken-answer"),
        (Fault::ClosesAtOnce, "engine.broken-answer"),
        (Fault::HalfABody, "engine.broken-answer"),
        (Fault::EmptyFiveHundred, "engine.refused"),
    ] {
        engine.script(Some((At::Path("/start"), fault)));
        let ran = devinfra(&engine, &["--json", "exec", "db", "true"]).await;
        let error = ran.error();
        assert_eq!(error["code"], code, "{fault:?}: {error:#}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("`true` in container"), "{error:#}");
    }
}

/// A command whose output has ended, and of which the engine says for ever that it runs.
#[tokio::test]
async fn a_command_that_is_never_said_to_have_ended_is_told_with_the_way_out() {
    let engine = ScriptedEngine::new("1.41");
    up(&engine).await;
    engine.world().commands.go_on = true;
    let ran = devinfra(&engine, &["--json", "exec", "db", "true"]).await;
    let (told, error) = ran.stdout.split_once('\n').unwrap();
    assert_eq!(told, "said by the command");
    let error: serde_json::Value = serde_json::from_str(error).unwrap();
    assert_eq!(
        (ran.status, &error["error"]["code"]),
        (Some(4), &json!("engine.no-answer"))
    );
    let hints = &error["error"]["hints"];
    assert_eq!(
        *hints,
        json!([
            "it may go on inside the container; if the engine says so little of every command, restart it"
        ])
    );
}

/// Ctrl-C is not for the engine to grant.
#[tokio::test]
async fn ctrl_c_ends_a_command_at_whatever_call_the_engine_is_silent() {
    for path in ["/exec", "/start", "/json"] {
        let engine = ScriptedEngine::new("1.41");
        up(&engine).await;
        let begin = if path == "/exec" {
            "/containers/"
        } else {
            "/exec/"
        };
        engine.script(Some((At::Between(begin, path), Fault::NeverAnswers)));
        let run = start(&engine, &["--engine-timeout", "10m", "exec", "db", "true"]);
        while !engine
            .calls()
            .iter()
            .any(|call| call.path.starts_with(begin) && call.path.ends_with(path))
        {
            sleep(Duration::from_millis(5)).await;
        }
        sleep(Duration::from_millis(100)).await;
        let began = Instant::now();
        let ran = interrupted(run).await;
        assert_eq!(ran.status, Some(130), "{path}: {}", ran.stderr);
        assert!(began.elapsed() < Duration::from_secs(5), "{path}");
    }
}
