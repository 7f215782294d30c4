//! Everything that can go wrong between an engine and its client, at every call of a run.

use std::fmt;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use rustix::process::{Signal, kill_process};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};

use crate::cache::engine_with_cache;
use crate::engine::{At, ScriptedEngine, Shared, finish, for_ever};
use crate::http::{Answer, More, Request};
use crate::run::{Ran, STACK, devinfra, start};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// The request is taken, and nothing comes back.
    NeverAnswers,
    /// The connection is closed instead of an answer.
    ClosesAtOnce,
    /// The head breaks off, and the connection is closed.
    HalfAHead,
    /// Half of the body comes, and then the connection is closed.
    HalfABody,
    /// Half of the body comes, and then nothing more.
    StallsInTheBody,
    /// A 500 that says nothing.
    EmptyFiveHundred,
    /// A page of some proxy's.
    NotJson,
    /// A word of a list that grows with every version.
    UnknownWord,
    /// Right, and late.
    Slow,
    /// Right as far as it goes, and nothing comes behind it where something might.
    Ends,
    /// The request is refused with this status, in these words; nothing is done.
    Refuses(u16, &'static str),
}

pub(crate) const FAULTS: [Fault; 10] = [
    Fault::NeverAnswers,
    Fault::ClosesAtOnce,
    Fault::HalfAHead,
    Fault::HalfABody,
    Fault::StallsInTheBody,
    Fault::EmptyFiveHundred,
    Fault::NotJson,
    Fault::UnknownWord,
    Fault::Slow,
    Fault::Ends,
];

impl Fault {
    pub(crate) async fn commit(self, stream: &mut UnixStream, right: Answer, shared: &Shared) {
        let version = &shared.version;
        let half = right.part(&right.body[..right.body.len() / 2]);
        match self {
            Self::NeverAnswers => for_ever().await,
            Self::ClosesAtOnce => {}
            Self::HalfAHead => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Ty")
                    .await
                    .ok();
            }
            Self::HalfABody | Self::StallsInTheBody => {
                stream.write_all(right.head(version).as_bytes()).await.ok();
                stream.write_all(&half).await.ok();
                if self == Self::StallsInTheBody {
                    for_ever().await;
                }
            }
            Self::EmptyFiveHundred => Answer::nothing(500).send(stream, version).await,
            Self::NotJson => {
                let body = b"<html>Bad Gateway</html>".to_vec();
                let page = Answer {
                    body,
                    ..Answer::nothing(200)
                };
                page.send(stream, version).await;
            }
            Self::UnknownWord => {
                let text = String::from_utf8_lossy(&right.body).into_owned();
                let text = ["running", "created", "exited"]
                    .iter()
                    .fold(text, |text, word| {
                        text.replace(&format!("\"{word}\""), "\"contemplating\"")
                    });
                let body = text.into_bytes();
                finish(stream, &Answer { body, ..right }, shared).await;
            }
            Self::Refuses(..) => finish(stream, &right, shared).await,
            Self::Ends => {
                let more = match right.more {
                    More::Silence | More::Lines { .. } => More::Nothing,
                    more @ (More::Nothing | More::HandedOver | More::Echo) => more,
                };
                finish(stream, &Answer { more, ..right }, shared).await;
            }
            Self::Slow => {
                sleep(Duration::from_millis(300)).await;
                finish(stream, &right, shared).await;
            }
        }
    }
}

/// A run in which one call goes wrong in one way.
struct Case {
    arguments: &'static [&'static str],
    fault: Fault,
    call: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} at call {} of {:?}",
            self.fault, self.call, self.arguments
        )
    }
}

/// Exit statuses that a fault of the engine may lead to: a failure without a status of its own, the
/// engine, a service, checks, a conflict, an image, something left. Right answers that are late lead
/// to 0.
pub(crate) const DOCUMENTED: [i32; 8] = [0, 1, 4, 5, 6, 7, 8, 9];

/// Longer than all deadlines of a run that nothing keeps.
const PATIENCE: Duration = Duration::from_secs(45);

/// A run that gets everything right also where it has to share the machine.
pub(crate) async fn patient(engine: &ScriptedEngine, arguments: &[&str]) -> Ran {
    devinfra(engine, &[&["--engine-timeout", "20s"], arguments].concat()).await
}

async fn prepared(arguments: &[&str]) -> ScriptedEngine {
    let engine = match arguments {
        ["cache" | "valkey-cli", ..] => engine_with_cache().await,
        _ => ScriptedEngine::new("1.41"),
    };
    if arguments.first() != Some(&"up") {
        patient(&engine, &["up", "--wait-timeout", "20s"])
            .await
            .succeeded();
    }
    if arguments.first() == Some(&"psql") {
        // Nobody needs a real database to be logged in to it by the engine.
        engine.stack(&STACK.replace("kind: tcp", "kind: postgres"));
    }
    engine
}

/// How many calls the run makes when nothing goes wrong.
async fn length(arguments: &[&str]) -> usize {
    let engine = prepared(arguments).await;
    engine.script(None);
    let ran = patient(&engine, arguments).await;
    assert_eq!(ran.status, Some(0), "{}{}", ran.stdout, ran.stderr);
    engine.calls().len()
}

async fn commit(engine: &ScriptedEngine, case: &Case) -> Vec<String> {
    engine.script(Some((At::Call(case.call), case.fault)));
    let mut run = start(engine, case.arguments);
    let began = Instant::now();
    let goes_on = || began.elapsed() < PATIENCE && !keeps(case, &engine.calls());
    while !run.has_ended() && goes_on() {
        sleep(Duration::from_millis(10)).await;
    }
    let is_kept = !run.has_ended();
    if is_kept {
        kill_process(run.id(), Signal::INT).unwrap();
    }
    let ran = run.ended().await;
    match is_kept {
        true if !keeps(case, &engine.calls()) => vec!["it did not end".to_owned()],
        true if ran.status != Some(130) => vec![format!("Ctrl-C ended it with {:?}", ran.status)],
        true => Vec::new(),
        false => judge(&ran),
    }
}

/// Whatever has happened, the next run goes on from there.
async fn clean_up(engine: &ScriptedEngine) -> Option<String> {
    engine.script(None);
    let after = patient(engine, &["down"]).await;
    let is_clean = after.status == Some(0) && engine.world().is_empty();
    (!is_clean).then(|| format!("`down` could not clean up: {}", after.stderr))
}

/// Whether it is the command inside the container that keeps the run: one that has written half of
/// its output is as good as one that works. It goes on for as long as it wants.
fn keeps(case: &Case, calls: &[Request]) -> bool {
    let is_command = ["exec", "psql", "valkey-cli"].contains(&case.arguments[0]);
    let is_start = |call: &Request| call.path.ends_with("/start");
    let has_begun = calls.get(case.call).is_some_and(is_start);
    is_command && has_begun && case.fault == Fault::StallsInTheBody
}

fn judge(ran: &Ran) -> Vec<String> {
    let mut broken = Vec::new();
    match ran.status {
        None => broken.push("it did not end".to_owned()),
        Some(status) if !DOCUMENTED.contains(&status) => {
            broken.push(format!("status {status}: {}", ran.stderr));
        }
        // `doctor` and `cache check` answer with what they found.
        Some(0) => {}
        Some(1 | 6) if ran.stdout.contains(" failed") => {}
        Some(_) if !ran.stderr.contains("error: ") => {
            broken.push(format!("no error is told: {}", ran.stderr));
        }
        Some(_) => {}
    }
    broken
}

async fn every_fault_at_every_call(arguments: &'static [&'static str]) {
    let calls = length(arguments).await;
    assert!(calls > 1, "{calls} calls");
    let walks = FAULTS.map(|fault| {
        let cases = (0..calls).map(|call| Case {
            arguments,
            fault,
            call,
        });
        cases.collect::<Vec<_>>()
    });
    let changes = ["up", "down", "reset"].contains(&arguments[0]) || arguments.contains(&"--deep");
    // Commands that only look can do so at the same engine again.
    let length = if changes { 1 } else { 4 };
    let walks = walks.iter().flat_map(|cases| cases.chunks(length));
    all_hold(walks.map(walk)).await;
}

async fn walk(cases: &[Case]) -> Vec<String> {
    let engine = prepared(cases[0].arguments).await;
    let mut broken = Vec::new();
    for case in cases {
        let found = commit(&engine, case).await;
        broken.extend(found.iter().map(|what| format!("{case}: {what}")));
    }
    if let Some(what) = clean_up(&engine).await {
        broken.push(format!("{}: {what}", cases[cases.len() - 1]));
    }
    broken
}

/// Carries all out, some at the same time; each tells what it found broken.
pub(crate) async fn all_hold(cases: impl Iterator<Item = impl Future<Output = Vec<String>>>) {
    let broken: Vec<Vec<String>> = stream::iter(cases).buffer_unordered(8).collect().await;
    let broken: Vec<String> = broken.into_iter().flatten().collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[tokio::test]
async fn up_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["up", "--wait-timeout", "3s"]).await;
}

#[tokio::test]
async fn down_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["down"]).await;
}

#[tokio::test]
async fn status_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["status"]).await;
}

#[tokio::test]
async fn ls_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["ls"]).await;
}

#[tokio::test]
async fn logs_end_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["logs"]).await;
}

#[tokio::test]
async fn a_reset_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["reset", "--yes"]).await;
}

#[tokio::test]
async fn a_hard_reset_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["reset", "--hard", "--yes"]).await;
}

#[tokio::test]
async fn doctor_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["doctor"]).await;
}

#[tokio::test]
async fn variables_end_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["env"]).await;
}

#[tokio::test]
async fn a_report_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["report", "-"]).await;
}

#[tokio::test]
async fn a_command_with_variables_begins_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["run", "true"]).await;
}

#[tokio::test]
async fn a_command_inside_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["exec", "db", "true"]).await;
}

#[tokio::test]
async fn psql_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["psql", "-c", "select 1"]).await;
}

#[tokio::test]
async fn valkey_cli_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["valkey-cli", "ping"]).await;
}

#[tokio::test]
async fn a_cache_check_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["cache", "check"]).await;
}

#[tokio::test]
async fn a_deep_cache_check_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["cache", "check", "--deep"]).await;
}

#[tokio::test]
async fn a_flush_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["cache", "bootstrap"]).await;
}

#[tokio::test]
async fn a_count_of_keys_ends_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["cache", "bootstrap", "--dry-run"]).await;
}

#[tokio::test]
async fn statistics_end_in_time_whatever_goes_wrong_and_whenever() {
    every_fault_at_every_call(&["cache", "stats"]).await;
}
