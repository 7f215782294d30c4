//! Stacks that can do without their cache, and those that can't.

use super::{ask, cache_that_is_up, connect, stack};
use crate::support::{Project, block_on, engine};

const WORKER: &str = "  worker:
    image: ${TOOLS_IMAGE}
    init: true
    command: ['sleep', '600']
    x-devinfra: {kind: process}
";

/// A cache that the stack can do without, beside a worker.
fn optional(command: &str) -> String {
    let not_required = "      required: false\n";
    stack(command, &format!("{not_required}{WORKER}"))
}

#[test]
fn a_cache_that_is_left_out_is_not_missed() {
    let project = Project::with(&stack("", WORKER));
    let run = project
        .run(&["up", "--without", "cache", "--json"])
        .succeeds();
    let result = run.result();
    assert_eq!(result["ok"], true);
    assert_eq!(result["cache"], serde_json::json!([]));
    assert_eq!(result["services"].as_array().unwrap().len(), 1);
    assert_eq!(engine::services(&project.name).len(), 1);
    project.up();
    let run = project.run(&["up", "--without", "cache"]).succeeds();
    let note = "`cache` is left as it is, and it runs: `devinfra down cache` takes it down";
    assert!(run.stderr.contains(note), "{run}");
}

#[test]
fn a_cache_that_is_not_required_may_fail_to_start() {
    let project = Project::with(&optional("--no-such-flag 1"));
    let result = project.run(&["up", "--json"]).succeeds().result();
    assert_eq!(result["ok"], true);
    assert_eq!(result["degraded"], serde_json::json!(["cache"]));
    let warning = &result["warnings"][0];
    assert_eq!(warning["code"], "valkey.configuration");
    assert_eq!(warning["service"], "cache");
    let told = project.run(&["up"]).succeeds();
    let message = "warning: going on without `cache`: ";
    assert!(told.stderr.contains(message), "{told}");
    assert!(told.stderr.contains("no-such-flag"), "{told}");
}

#[test]
fn a_cache_that_is_not_required_may_fail_its_checks() {
    let project = Project::with(&optional("--dir /tmp"));
    let result = project.run(&["up", "--json"]).succeeds().result();
    assert_eq!(result["ok"], true);
    assert_eq!(result["degraded"], serde_json::json!(["cache"]));
    assert_eq!(result["cache"][0]["ok"], false);
}

#[test]
fn up_fails_with_6_when_a_check_fails_unless_told_not_to_check() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    block_on(async {
        let mut connection = connect(port, 0).await;
        ask::<()>(&mut connection, &["CONFIG", "SET", "save", "900 1"]).await;
    });
    let result = project.run(&["up", "--json"]).exits_with(6).result();
    assert_eq!(result["ok"], false);
    assert_eq!(result["error"]["code"], "cache.check");
    assert_eq!(result["cache"][0]["ok"], false);
    let result = project
        .run(&["up", "--json", "--no-check"])
        .succeeds()
        .result();
    assert_eq!(result["ok"], true);
    assert_eq!(result["cache"], serde_json::json!([]));
}
