//! Failures by their codes: each is provoked in the real binary, by what an engine or a server says.

mod conflicts;
mod ends;
mod engines;
mod files;
mod lakefs;
mod resp;
mod s3;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../../kinds/server.rs"]
mod server;
mod services;
mod valkey;

use serde_json::Value;

use crate::engine::ScriptedEngine;
use crate::run::{Ran, devinfra};

/// The failure of a run must have this status and code; what it says besides is handed back.
#[track_caller]
fn fails(ran: &Ran, status: i32, code: &str) -> Value {
    assert_eq!(
        ran.failure(),
        (Some(status), code.to_owned()),
        "{}",
        ran.stderr
    );
    ran.error()
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
