//! Failures by their codes: each is provoked in the real binary, by what an engine or a server says.

mod conflicts;
mod directories;
mod ends;
mod engines;
mod files;
mod lakefs;
mod s3;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../../kinds/server.rs"]
mod server;
mod services;
mod valkey;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::engine::ScriptedEngine;
use crate::run::{Ran, devinfra};

/// How the lines of a failure start that are for people.
const STARTS: [&str; 4] = ["error: ", "  Caused by: ", "hint: ", "  | "];

/// The failure of a run must have this status and code, and tell people the same as scripts; what it
/// says besides is handed back.
#[track_caller]
fn fails(ran: &Ran, status: i32, code: &str) -> Value {
    assert_eq!(
        ran.failure(),
        (Some(status), code.to_owned()),
        "{}",
        ran.stderr
    );
    let error = ran.error();
    let is_placed = error["problems"] != json!([]);
    let starts: &[&str] = if is_placed { &["error: "] } else { &STARTS };
    assert_eq!(in_words(&error), told(&ran.stderr, starts), "{error:#}");
    error
}

/// What people must be told of the failure that scripts are.
fn in_words(error: &Value) -> BTreeSet<String> {
    let problems = error["problems"].as_array().unwrap();
    if !problems.is_empty() {
        // They are shown with the lines that they stand on.
        let problems = problems.iter();
        let problems = problems.map(|one| format!("error: {}", one["message"].as_str().unwrap()));
        return problems.collect();
    }
    let further = error["further"].as_array().into_iter().flatten();
    let first = of_one(error, usize::MAX);
    let further = further.flat_map(|one| of_one(one, 3));
    first
        .into_iter()
        .chain(further)
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// What people must be told of one failure, with this many of its last lines.
fn of_one(error: &Value, lines: usize) -> Vec<String> {
    let texts = |field: &str| -> Vec<String> {
        let texts = error[field].as_array().unwrap().iter();
        texts.map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    let message = format!("error: {}", error["message"].as_str().unwrap());
    let causes = texts("causes").into_iter();
    let causes = causes.map(|one| format!("  Caused by: {one}"));
    let hints = texts("hints").into_iter();
    let hints = hints.map(|one| format!("hint: {one}"));
    let log = texts("log");
    let log = log.iter().rev().take(lines).map(|one| format!("  | {one}"));
    let all = [message].into_iter().chain(causes).chain(hints).chain(log);
    all.collect()
}

/// What people were told of it: the lines that start so.
fn told(stderr: &str, starts: &[&str]) -> BTreeSet<String> {
    let is_told = |line: &&str| starts.iter().any(|start| line.starts_with(start));
    stderr.lines().filter(is_told).map(str::to_owned).collect()
}

/// The causes of a failure must have this one among them.
#[track_caller]
fn has_cause(error: &Value, cause: &str) {
    let causes = error["causes"].as_array().unwrap();
    assert!(causes.iter().any(|one| one == cause), "{error:#}");
}

/// Brings up the stack that `text` describes, which must fail like this.
async fn up_fails(engine: &ScriptedEngine, text: &str, status: i32, code: &str) -> Value {
    engine.stack(text);
    let ran = devinfra(engine, &["up", "--json", "--wait-timeout", "5s"]).await;
    fails(&ran, status, code)
}
