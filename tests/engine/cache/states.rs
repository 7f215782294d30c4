//! `cache check` on servers in every state: each has its own finding, and none makes it hang.

use std::time::Duration;

use super::{ask, cache_that_is_up, connect, fails, fill, finding, names, stack};
use crate::stacks::script;
use crate::support::{Project, block_on, engine, until};

/// The most that a check may take, whatever the server does.
const AT_MOST: Duration = Duration::from_secs(20);

#[test]
fn down() {
    let project = Project::with(&stack("", ""));
    let found = fails(&project, "reachable");
    assert_eq!(found["meaning"], "there is no container of `cache`");
    project.run(&["cache", "bootstrap"]).exits_with(5);
    project.run(&["cache", "stats"]).exits_with(5);
}

#[test]
fn stopped() {
    let project = cache_that_is_up();
    engine::kill(&project.container("cache"));
    let found = fails(&project, "reachable");
    let meaning = found["meaning"].as_str().unwrap();
    assert!(meaning.ends_with("is exited"), "{meaning}");
}

#[test]
fn paused() {
    let project = cache_that_is_up();
    engine::freeze(&project.container("cache"));
    let run = project.run(&["cache", "check", "--json"]).exits_with(6);
    assert!(run.elapsed < AT_MOST, "{run}");
    let found = finding(&run, "reachable");
    assert_eq!(found["meaning"], "its container is paused");
}

#[test]
fn loading() {
    let mut project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    block_on(async {
        let mut connection = connect(port, 0).await;
        fill(&mut connection, &names(&["kh:lakefs:stat:"], 20_000)).await;
    });
    project.down();
    // Ten milliseconds for each key, and a look at its clients after each kilobyte.
    let slowly = "--key-load-delay 10000 --loading-process-events-interval-bytes 1024";
    project.rewrite(&stack(slowly, ""));
    let coming_up = project.start(&["up", "--json"]);
    coming_up.wait_for("loading its data", Duration::from_mins(1));
    let found = fails(&project, "loading");
    assert!(found["actual"].as_str().unwrap().ends_with('%'), "{found}");
    let run = project.run(&["cache", "check", "--json"]);
    for skipped in ["keys.ttl", "roundtrip", "bootstrap.marker"] {
        assert_eq!(finding(&run, skipped)["status"], "skip", "{run}");
    }
    assert_eq!(finding(&run, "reachable")["status"], "pass");
}

#[test]
fn unable_to_save() {
    let project = cache_that_is_up();
    let as_root = ["exec", "--user", "0", "cache", "chown", "0:0", "/data"];
    project.run(&as_root).succeeds();
    let as_root = ["exec", "--user", "0", "cache", "chmod", "755", "/data"];
    project.run(&as_root).succeeds();
    let found = fails(&project, "persistence.directory");
    assert!(found["actual"].as_str().unwrap().contains("0:0"), "{found}");
    let port = project.port("CACHE_PORT");
    block_on(async { ask::<String>(&mut connect(port, 0).await, &["BGSAVE"]).await });
    until("the save has failed", Duration::from_secs(20), || {
        let info: String =
            block_on(async { ask(&mut connect(port, 0).await, &["INFO", "persistence"]).await });
        info.contains("rdb_last_bgsave_status:err").then_some(())
    });
    let found = fails(&project, "persistence.status");
    assert!(
        found["message"].as_str().unwrap().contains("MISCONF"),
        "{found}"
    );
    let found = fails(&project, "roundtrip");
    assert!(
        found["actual"].as_str().unwrap().starts_with("MISCONF"),
        "{found}"
    );
    // Such a server would not even stop when asked to.
    let run = project
        .run(&["cache", "check", "--deep", "--json"])
        .exits_with(6);
    let skipped = finding(&run, "restart.survival");
    assert_eq!(skipped["status"], "skip");
    let as_root = ["exec", "--user", "0", "cache", "chown", "valkey", "/data"];
    project.run(&as_root).succeeds();
}

#[test]
fn out_of_memory() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    block_on(async {
        let mut connection = connect(port, 0).await;
        let policy = ["CONFIG", "SET", "maxmemory-policy", "noeviction"];
        ask::<()>(&mut connection, &policy).await;
        ask::<()>(&mut connection, &["CONFIG", "SET", "maxmemory", "100kb"]).await;
    });
    let found = fails(&project, "memory");
    assert!(
        found["message"].as_str().unwrap().contains("OOM"),
        "{found}"
    );
    let found = fails(&project, "roundtrip");
    assert!(
        found["actual"].as_str().unwrap().starts_with("OOM"),
        "{found}"
    );
}

#[test]
fn a_read_only_replica() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    block_on(async {
        let mut connection = connect(port, 0).await;
        ask::<()>(&mut connection, &["REPLICAOF", "127.0.0.1", "1"]).await;
    });
    let found = fails(&project, "roundtrip");
    assert_eq!(found["meaning"], "it is a read-only replica of 127.0.0.1");
}

#[test]
fn behind_a_password_that_the_stack_file_does_not_know() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    block_on(async {
        let secret = ["CONFIG", "SET", "requirepass", "hunter2"];
        ask::<()>(&mut connect(port, 0).await, &secret).await;
    });
    let found = fails(&project, "reachable");
    assert!(
        found["actual"].as_str().unwrap().contains("credentials"),
        "{found}"
    );
    project.run(&["cache", "stats"]).exits_with(5);
}

#[test]
fn an_http_server() {
    let stack = script("kind: valkey, port: 8080", "exec httpd -f -p 8080");
    let project = Project::with(&stack);
    project.run(&["up", "--wait-timeout", "3s"]).exits_with(5);
    let run = project.run(&["cache", "check", "--json"]).exits_with(6);
    assert!(run.elapsed < AT_MOST, "{run}");
    assert_eq!(finding(&run, "reachable")["status"], "fail");
    let found = finding(&run, "identity");
    assert!(
        found["message"]
            .as_str()
            .unwrap()
            .ends_with("is not Valkey"),
        "{run}"
    );
}

#[test]
fn a_database_server() {
    let project = Project::with(
        "\
services:
  cache:
    image: ${POSTGRES_IMAGE}
    environment: {POSTGRES_PASSWORD: planted-of-the-database}
    ports: ['127.0.0.1:${CACHE_PORT}:5432']
    x-devinfra: {kind: valkey, port: 5432}
",
    );
    project.run(&["up", "--wait-timeout", "8s"]).exits_with(5);
    let run = project.run(&["cache", "check", "--json"]).exits_with(6);
    assert!(run.elapsed < AT_MOST, "{run}");
    assert_eq!(finding(&run, "identity")["status"], "fail", "{run}");
}

#[test]
fn another_stacks_server() {
    let theirs = cache_that_is_up();
    let mut ours = Project::with(&stack("", ""));
    ours.set("CACHE_PORT", theirs.variable("CACHE_PORT"));
    let found = fails(&ours, "identity");
    assert_eq!(found["expected"], "this stack's container");
    assert_eq!(found["actual"], "another server");
    // And it is not flushed for that.
    ours.run(&["cache", "bootstrap"]).exits_with(5);
}
