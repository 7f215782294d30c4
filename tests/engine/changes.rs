//! What changed is replaced, and nothing else; the cause is told.

use serde_json::Value;

use crate::stacks::THREE;
use crate::support::engine::{self, services};
use crate::support::{Project, block_on, clients};

/// Changes the stack file, and sees that the cache alone is replaced, for this cause.
#[track_caller]
fn only_the_cache_is_replaced(from: &str, to: &str, cause: &str) {
    assert!(THREE.contains(from), "the stack file has no {from}");
    let mut project = Project::with(THREE);
    project.up();
    let before = services(&project.name);
    project.rewrite(&THREE.replace(from, to));

    let name = format!("{}-cache-1", project.name);
    let cause = cause
        .replace("OLD", project.variable("VALKEY_IMAGE"))
        .replace("NEW", project.variable("VALKEY_NEXT_IMAGE"));
    let steps = [
        format!("stop {name} ({cause})"),
        format!("remove {name} ({cause})"),
        format!("create cache ({cause})"),
        format!("start cache ({cause})"),
    ];
    let dry = project.run(&["up", "--dry-run"]).succeeds();
    let would: Vec<String> = steps.iter().map(|step| format!("would {step}\n")).collect();
    let changes = dry.stdout.split_inclusive('\n');
    let changes: Vec<&str> = changes
        .filter(|line| !line.contains("create directory"))
        .collect();
    assert_eq!(changes.concat(), would.concat());
    assert_eq!(services(&project.name), before, "a dry run changes nothing");

    let planned: Vec<Value> =
        serde_json::from_value(project.up().events()[0]["steps"].clone()).unwrap();
    for step in steps {
        assert!(planned.contains(&step.as_str().into()), "{planned:?}");
    }
    let after = services(&project.name);
    assert_ne!(after["cache"], before["cache"]);
    assert_eq!(after["store"], before["store"]);
    assert_eq!(after["database"], before["database"]);
    assert!(engine::container(&before["cache"]).is_none());
    let port = project.port(if to.contains("OTHER_PORT") {
        "OTHER_PORT"
    } else {
        "CACHE_PORT"
    });
    let pong = block_on(clients::valkey(port, &["PING"]));
    assert_eq!(pong, Ok("PONG".to_owned()));
}

#[test]
fn another_image() {
    only_the_cache_is_replaced(
        "image: ${VALKEY_IMAGE}",
        "image: ${VALKEY_NEXT_IMAGE}",
        "image changed: OLD -> NEW",
    );
}

#[test]
fn another_command() {
    only_the_cache_is_replaced(
        "valkey-server --save",
        "valkey-server --maxmemory 64mb --save",
        "command changed",
    );
}

#[test]
fn another_environment() {
    only_the_cache_is_replaced(
        "image: ${VALKEY_IMAGE}",
        "image: ${VALKEY_IMAGE}\n    environment: {TZ: Europe/Zurich}",
        "environment changed",
    );
}

#[test]
fn another_port() {
    only_the_cache_is_replaced("CACHE_PORT", "OTHER_PORT", "ports changed");
}

#[test]
fn another_mount() {
    only_the_cache_is_replaced("./cache:/data", "./elsewhere:/data", "mounts changed");
}

#[test]
fn an_order_of_keys_or_a_comment_changes_nothing() {
    let mut project = Project::with(THREE);
    project.up();
    let before = services(&project.name);
    let moved = THREE.replace(
        "POSTGRES_USER: hub_dev, POSTGRES_PASSWORD: planted-of-the-database",
        "POSTGRES_PASSWORD: planted-of-the-database, POSTGRES_USER: hub_dev",
    );
    project.rewrite(&format!("# the same\n{moved}"));
    assert_eq!(project.up().events()[0]["steps"], serde_json::json!([]));
    assert_eq!(services(&project.name), before);
}
