//! Each check fails for its own reason, on a server that was broken for it.

use serde_json::Value;

use super::{MARKER, ask, cache_that_is_up, connect, fails, finding, stack};
use crate::support::{Project, block_on};

/// Sends commands to the server.
fn send(project: &Project, commands: &[&[&str]]) {
    let port = project.port("CACHE_PORT");
    block_on(async {
        let mut connection = connect(port, 0).await;
        for command in commands {
            ask::<redis::Value>(&mut connection, command).await;
        }
    });
}

#[test]
fn a_fresh_cache_passes_every_check_and_leaves_nothing_behind() {
    let project = cache_that_is_up();
    let run = project.run(&["cache", "check", "--json"]).succeeds();
    let document = run.json();
    assert_eq!(document["schema"], 1);
    let bad: Vec<&Value> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        // A busy machine is slow, which is only worth a look.
        .filter(|one| one["status"] != "pass" && one["check"] != "latency")
        .collect();
    assert_eq!(bad, [&Value::Null; 0]);
    let port = project.port("CACHE_PORT");
    let keys: u64 = block_on(async { ask(&mut connect(port, 0).await, &["DBSIZE"]).await });
    assert_eq!(keys, 1, "the marker alone");
}

#[test]
fn a_setting_that_was_changed_is_told_with_both_values() {
    let project = cache_that_is_up();
    for (check, setting, value, expected, actual) in [
        ("config.save", "save", "900 1", "300 100", "900 1"),
        ("config.save", "save", "", "300 100", "off"),
        ("config.maxmemory", "maxmemory", "64mb", "256 MiB", "64 MiB"),
        (
            "config.maxmemory-policy",
            "maxmemory-policy",
            "volatile-lru",
            "allkeys-lfu",
            "volatile-lru",
        ),
        ("config.appendonly", "appendonly", "yes", "no", "yes"),
    ] {
        send(&project, &[&["CONFIG", "SET", setting, value]]);
        let found = fails(&project, check);
        assert_eq!(found["expected"], expected);
        assert_eq!(found["actual"], actual);
    }
}

#[test]
fn a_key_that_never_expires_is_named() {
    let project = cache_that_is_up();
    send(&project, &[&["SET", "kh:list:for-ever", "1"]]);
    send(&project, &[&["MSET", "celery", "1", "other", "1"]]);
    let found = fails(&project, "keys.ttl");
    assert_eq!(found["actual"], "1");
    assert_eq!(
        found["message"],
        "1 of 4 keys in database 0 never expires, such as `kh:list:for-ever`, \
         besides 2 outside namespace `kh`"
    );
}

#[test]
fn a_key_of_somebody_else_that_never_expires_is_a_warning() {
    let project = cache_that_is_up();
    send(&project, &[&["SET", "celery", "1"]]);
    let run = project.run(&["cache", "check", "--json"]).succeeds();
    let found = finding(&run, "keys.ttl");
    assert_eq!(found["status"], "warn", "{run}");
    assert!(
        found["message"].as_str().unwrap().contains("`celery`"),
        "{run}"
    );
}

#[test]
fn a_missing_or_foreign_marker_is_told() {
    let project = cache_that_is_up();
    send(&project, &[&["SET", MARKER, "another"]]);
    assert_eq!(fails(&project, "bootstrap.marker")["actual"], "another");
    send(&project, &[&["DEL", MARKER]]);
    assert_eq!(fails(&project, "bootstrap.marker")["actual"], "none");
    project.run(&["cache", "bootstrap"]).succeeds();
    project.run(&["cache", "check"]).succeeds();
}

#[test]
fn evictions_are_worth_a_look() {
    let project = cache_that_is_up();
    send(&project, &[&["CONFIG", "SET", "maxmemory", "2mb"]]);
    let port = project.port("CACHE_PORT");
    block_on(async {
        let mut connection = connect(port, 0).await;
        let value = "v".repeat(10_000);
        for index in 0..500 {
            let key = format!("kh:lakefs:stat:{index}");
            ask::<()>(&mut connection, &["SET", &key, &value, "EX", "600"]).await;
        }
    });
    let run = project.run(&["cache", "check", "--json"]);
    assert_eq!(finding(&run, "memory")["status"], "warn", "{run}");
}

#[test]
fn a_server_open_to_the_network_needs_a_password() {
    let open = stack("", "").replace("127.0.0.1:", "0.0.0.0:");
    let mut project = Project::with(&open);
    project.run(&["up", "--json"]).exits_with(6);
    let found = fails(&project, "exposure");
    assert_eq!(found["actual"], "0.0.0.0");
    project.rewrite(&open.replace("--appendonly no", "--appendonly no --requirepass hunter2"));
    project.up();
    let run = project.run(&["cache", "check", "--json"]).succeeds();
    assert_eq!(finding(&run, "exposure")["status"], "pass", "{run}");
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));
}

#[test]
fn data_outside_of_every_mount_is_told() {
    let project = Project::with(&stack("--dir /tmp", ""));
    project.run(&["up", "--json"]).exits_with(6);
    let found = fails(&project, "persistence.directory");
    assert_eq!(found["actual"], "/tmp");
}
