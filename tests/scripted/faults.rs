//! Everything that can go wrong between an engine and its client, at every call of a run.

use std::fmt;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::time::sleep;

use crate::engine::{At, ScriptedEngine, finish, for_ever};
use crate::http::Answer;
use crate::run::{Ran, devinfra};

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
    /// The request is refused with this status, in these words; nothing is done.
    Refuses(u16, &'static str),
}

const FAULTS: [Fault; 9] = [
    Fault::NeverAnswers,
    Fault::ClosesAtOnce,
    Fault::HalfAHead,
    Fault::HalfABody,
    Fault::StallsInTheBody,
    Fault::EmptyFiveHundred,
    Fault::NotJson,
    Fault::UnknownWord,
    Fault::Slow,
];

impl Fault {
    pub(crate) async fn commit(self, stream: &mut UnixStream, right: Answer, version: &str) {
        let half = right.body.len() / 2;
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
                stream.write_all(&right.body[..half]).await.ok();
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
                finish(stream, &Answer { body, ..right }, version).await;
            }
            Self::Refuses(..) => finish(stream, &right, version).await,
            Self::Slow => {
                sleep(Duration::from_millis(300)).await;
                finish(stream, &right, version).await;
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
/// engine, a service, a conflict, an image, something left. Right answers that are late lead to 0.
const DOCUMENTED: [i32; 7] = [0, 1, 4, 5, 7, 8, 9];

async fn prepared(arguments: &[&str]) -> ScriptedEngine {
    let engine = ScriptedEngine::new("1.41");
    if arguments.first() != Some(&"up") {
        devinfra(&engine, &["up", "--wait-timeout", "20s"])
            .await
            .succeeded();
    }
    engine
}

/// How many calls the run makes when nothing goes wrong.
async fn length(arguments: &[&str]) -> usize {
    let engine = prepared(arguments).await;
    engine.script(None);
    devinfra(&engine, arguments).await.succeeded();
    engine.calls().len()
}

async fn commit(case: &Case) -> Vec<String> {
    let engine = prepared(case.arguments).await;
    engine.script(Some((At::Call(case.call), case.fault)));
    let ran = devinfra(&engine, case.arguments).await;
    let mut broken = judge(&ran);
    // Whatever has happened, the next run goes on from there.
    engine.script(None);
    let after = devinfra(&engine, &["down"]).await;
    if after.status != Some(0) || !engine.world().is_empty() {
        broken.push(format!("`down` could not clean up: {}", after.stderr));
    }
    broken
        .iter()
        .map(|what| format!("{case}: {what}"))
        .collect()
}

fn judge(ran: &Ran) -> Vec<String> {
    let mut broken = Vec::new();
    match ran.status {
        None => broken.push("it did not end".to_owned()),
        Some(status) if !DOCUMENTED.contains(&status) => {
            broken.push(format!("status {status}: {}", ran.stderr));
        }
        // `doctor` answers with what it found.
        Some(0) => {}
        Some(1) if ran.stdout.contains(" failed") => {}
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
    let cases = (0..calls).flat_map(|call| {
        FAULTS.map(|fault| Case {
            arguments,
            fault,
            call,
        })
    });
    let broken: Vec<Vec<String>> = stream::iter(cases)
        .map(|case| async move { commit(&case).await })
        .buffer_unordered(8)
        .collect()
        .await;
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
