//! `cache check --deep`: a restart of the live server.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::process::Signal;

use super::{MARKER, ask, cache_that_is_up, connect, dumped, fill, finding, names, run_id, stack};
use crate::support::{Project, block_on, engine};

/// Everything but the marker and the stale keys of the application.
fn lasting(port: u16) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut all = block_on(async { dumped(&mut connect(port, 0).await).await });
    all.retain(|key, _| key != MARKER.as_bytes() && !key.starts_with(b"kh:list:"));
    all
}

#[test]
fn a_restart_leaves_the_keys_of_others_byte_for_byte() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    let before = block_on(async {
        let mut connection = connect(port, 0).await;
        let prefixes = [
            "kh:lakefs:commit:",
            "kh:lakefs:list:",
            "kh2:list:",
            "other:",
            "kh:x:",
        ];
        fill(&mut connection, &names(&prefixes, 100_000)).await;
        fill(&mut connection, &names(&["kh:list:"], 1000)).await;
        // What a killed run has left.
        fill(&mut connection, &[b"kh:list:devinfra-canary-old".to_vec()]).await;
        run_id(&mut connection).await
    });
    let keys = lasting(port);
    assert_eq!(keys.len(), 100_000);
    let run = project
        .run(&["cache", "check", "--deep", "--json"])
        .succeeds();
    let found = finding(&run, "restart.survival");
    assert_eq!(found["status"], "pass", "{run}");
    assert!(lasting(port) == keys, "keys of others have changed");
    block_on(async {
        let mut connection = connect(port, 0).await;
        assert_ne!(run_id(&mut connection).await, before);
        let canaries: Vec<String> = ask(&mut connection, &["KEYS", "*devinfra*"]).await;
        assert_eq!(canaries, [""; 0]);
        let stale: Vec<String> = ask(&mut connection, &["KEYS", "kh:list:*"]).await;
        assert_eq!(stale, [""; 0]);
    });
    project.run(&["cache", "check"]).succeeds();
}

#[test]
fn an_interrupted_run_leaves_a_server_that_runs_and_no_test_keys() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    let running = project.start(&["cache", "check", "--deep", "--progress", "plain"]);
    running.wait_for("starting", Duration::from_mins(1));
    running.signal(Signal::INT);
    running.wait().exits_with(130);
    assert!(engine::is_running(&project.container("cache")));
    let canaries: Vec<String> =
        block_on(async { ask(&mut connect(port, 0).await, &["KEYS", "*devinfra*"]).await });
    assert_eq!(canaries, [""; 0]);
}

#[test]
fn a_server_that_saves_nothing_is_not_restarted() {
    let quiet = stack("", "").replace("--save 300 100", "--save ''");
    let project = Project::with(&quiet);
    project.up();
    let port = project.port("CACHE_PORT");
    let id = || block_on(async { run_id(&mut connect(port, 0).await).await });
    let before = id();
    let run = project
        .run(&["cache", "check", "--deep", "--json"])
        .succeeds();
    assert_eq!(finding(&run, "restart.survival")["status"], "skip", "{run}");
    assert_eq!(id(), before);
}

#[test]
fn a_container_that_is_not_as_declared_is_not_restarted() {
    let mut project = cache_that_is_up();
    project.rewrite(&stack("--hz 20", ""));
    let run = project
        .run(&["cache", "check", "--deep", "--json"])
        .succeeds();
    let found = finding(&run, "restart.survival");
    assert!(
        found["message"].as_str().unwrap().contains("devinfra up"),
        "{run}"
    );
}

#[test]
fn a_server_that_is_killed_before_it_has_saved_fails() {
    // Four dozen canaries are fewer changes than the server snapshots by itself, and it has no time
    // to save when it stops.
    let hasty = stack("--shutdown-on-sigterm nosave", "");
    let project = Project::with(&hasty);
    project.up();
    let run = project
        .run(&["cache", "check", "--deep", "--json"])
        .exits_with(6);
    let found = finding(&run, "restart.survival");
    assert_eq!(found["status"], "fail", "{run}");
    assert!(found["message"].as_str().unwrap().contains("lost"), "{run}");
}
