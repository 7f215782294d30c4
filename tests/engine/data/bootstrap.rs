//! The set-up of LakeFS on a real engine.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use super::world::{make_repositories, variables};
use crate::support::Project;

const FILE: &str = "hub-meta/dev/lakefs/credentials.env";

#[test]
fn a_repository_can_be_made_the_moment_up_returns() {
    let project = Project::default_stack();
    project.up();
    make_repositories(&variables(&project));
}

/// The seconds in which the file is written, the keys are posted and tried are milliseconds: the
/// runs are killed at the steps that can be seen, and then at moments close to each other.
#[test]
fn a_set_up_that_is_killed_anywhere_is_completed_by_the_next_run() {
    for moment in 0..6 {
        let project = Project::default_stack();
        let running = project.start(&["up", "--json", "lakefs", "minio"]);
        let file = project.path().join(FILE);
        running.wait_for("\"bootstrap lakefs\"", Duration::from_mins(2));
        match moment {
            0 => {}
            1 => {
                let deadline = Instant::now() + Duration::from_secs(10);
                while !file.exists() && Instant::now() < deadline {
                    thread::yield_now();
                }
            }
            _ => thread::park_timeout(Duration::from_millis(4 * moment)),
        }
        running.signal(Signal::KILL);
        running.wait();
        let kept = fs::read_to_string(&file).ok();
        project.up();
        make_repositories(&variables(&project));
        if let Some(kept) = kept {
            assert_eq!(fs::read_to_string(&file).unwrap(), kept);
        }
        assert!(!file.with_extension("env.new").exists());
    }
}

#[test]
fn lost_keys_and_a_changed_encryption_key_are_told_with_the_way_out() {
    let mut project = Project::default_stack();
    project.up();
    let file = project.path().join(FILE);
    let kept = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let run = project.run(&["up", "--json"]).exits_with(5);
    assert_eq!(run.result()["error"]["code"], "lakefs.keys-lost");
    fs::write(&file, &kept).unwrap();
    project.set("DEV_LAKEFS_ENCRYPT_SECRET_KEY", "planted-of-another-lakefs");
    let run = project.run(&["up", "--json"]).exits_with(5);
    assert_eq!(run.result()["error"]["code"], "lakefs.encryption-key");
    // The way out that the error names.
    project.run(&["reset", "lakefs", "--yes"]).succeeds();
    make_repositories(&variables(&project));
    assert_eq!(fs::read_to_string(&file).unwrap(), kept);
}

/// LakeFS itself is healthy all the time.
#[test]
fn a_block_store_that_lakefs_does_not_reach_or_that_refuses_it_is_told() {
    let mut project = Project::default_stack();
    project.up();
    project.set("KOHAKU_HUB_S3_SECRET_KEY", "planted-of-another-store");
    let run = project.run(&["up", "--json"]).exits_with(5);
    assert_eq!(run.result()["error"]["code"], "lakefs.store");
    assert_eq!(run.result()["error"]["service"], "lakefs");
    let said = run.result()["error"]["causes"][0].to_string();
    assert!(said.contains("403"), "{said}");
    let key = project.variable("DEV_MINIO_ROOT_PASSWORD").to_owned();
    project.set("KOHAKU_HUB_S3_SECRET_KEY", &key);
    project.up();
    make_repositories(&variables(&project));
    // Without warnings in its log, nobody knows.
    project.merge(
        "quiet.yaml",
        "services: {lakefs: {environment: {LAKEFS_LOGGING_LEVEL: error}}}",
    );
    let run = project.run(&["up"]).succeeds();
    let unseen = "lakefs: nobody knows whether it reaches its block store";
    assert!(run.stderr.contains(unseen), "{run}");
    project.merge(
        "elsewhere.yaml",
        "services: {lakefs: {environment: {LAKEFS_LOGGING_LEVEL: info, LAKEFS_BLOCKSTORE_S3_ENDPOINT: 'http://minio:9009'}}}",
    );
    let run = project.run(&["up"]).exits_with(5);
    assert!(run.stderr.contains("LakeFS can't use its block store: "));
    assert!(run.stderr.contains("onnection refused"), "{}", run.stderr);
}
