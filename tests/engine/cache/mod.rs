//! The cache: its checks, its flush beside the application's workers, and its statistics.

mod checks;
mod degraded;
mod flush;
mod speed;
mod states;
mod statistics;
mod survival;
mod together;
mod worker;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use devinfra::cache::{Bootstrapped, Namespace, Timing, bootstrap};
use devinfra::model::{Valkey, ValkeyKeys};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, cmd, pipe};
use serde_json::Value;

use crate::support::{Project, Run};

/// The prefixes that KohakuHub flushes after a restart.
const STALE: [&str; 13] = [
    "lakefs:branch:",
    "repo:gen:",
    "repo:info:",
    "org:gen:",
    "org:info:",
    "user:gen:",
    "user:info:",
    "uo:",
    "sess:",
    "tok:",
    "list_gen:",
    "list:",
    "negative:",
];

/// Those that it keeps.
const KEPT: [&str; 3] = ["lakefs:commit:", "lakefs:stat:", "lakefs:list:"];

const MARKER: &str = "kh:cache:bootstrap_run_id";
const LOCK: &str = "kh:cache:bootstrap_lock";

/// The default stack's cache, alone; `further` are lines of the service.
fn stack(command: &str, further: &str) -> String {
    format!(
        "\
services:
  cache:
    image: ${{VALKEY_IMAGE}}
    command: valkey-server --maxmemory 256mb --maxmemory-policy allkeys-lfu --save 300 100 --appendonly no {command}
    ports: ['127.0.0.1:${{CACHE_PORT}}:6379']
    volumes: ['./cache:/data']
    stop_grace_period: 30s
    x-devinfra:
      kind: valkey
      keys: {{namespace: kh, flushed: {STALE:?}, kept: {KEPT:?}}}
{further}"
    )
}

/// A project whose cache is up.
#[track_caller]
fn cache_that_is_up() -> Project {
    let project = Project::with(&stack("", ""));
    project.up();
    project
}

async fn connect(port: u16, database: u8) -> MultiplexedConnection {
    let client = Client::open(format!("redis://127.0.0.1:{port}/{database}")).unwrap();
    let patience = Some(Duration::from_secs(30));
    let patience = AsyncConnectionConfig::new()
        .set_connection_timeout(patience)
        .set_response_timeout(patience);
    client
        .get_multiplexed_async_connection_with_config(&patience)
        .await
        .unwrap()
}

async fn ask<T: FromRedisValue>(connection: &mut MultiplexedConnection, words: &[&str]) -> T {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command.query_async(connection).await.unwrap()
}

/// Writes keys that live for an hour, each with its own name as its value.
async fn fill(connection: &mut MultiplexedConnection, keys: &[Vec<u8>]) {
    for batch in keys.chunks(5000) {
        let mut set = pipe();
        for key in batch {
            set.cmd("SET")
                .arg(key)
                .arg(key)
                .arg("EX")
                .arg(3600)
                .ignore();
        }
        set.query_async::<()>(connection).await.unwrap();
    }
}

/// So many keys for each of the prefixes in turn.
fn names(prefixes: &[&str], count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|index| format!("{}{index}", prefixes[index % prefixes.len()]).into_bytes())
        .collect()
}

/// Every key with what DUMP says of it.
async fn dumped(connection: &mut MultiplexedConnection) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let keys: Vec<Vec<u8>> = cmd("KEYS").arg("*").query_async(connection).await.unwrap();
    let mut all = BTreeMap::new();
    for batch in keys.chunks(5000) {
        let mut dump = pipe();
        for key in batch {
            dump.cmd("DUMP").arg(key);
        }
        let dumps: Vec<Vec<u8>> = dump.query_async(connection).await.unwrap();
        all.extend(batch.iter().cloned().zip(dumps));
    }
    all
}

async fn run_id(connection: &mut MultiplexedConnection) -> String {
    let info: String = ask(connection, &["INFO", "server"]).await;
    let line = info.lines().find_map(|line| line.strip_prefix("run_id:"));
    line.unwrap().trim().to_owned()
}

fn address(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn namespace(name: &str) -> Namespace {
    let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
    Namespace::new(&ValkeyKeys {
        namespace: name.to_owned(),
        flushed: owned(&STALE),
        kept: owned(&KEPT),
    })
    .unwrap()
}

/// The coordinator, without the command around it.
async fn coordinate(port: u16, timing: Timing) -> Bootstrapped {
    bootstrap(&Valkey::at(port), address(port), &namespace("kh"), timing)
        .await
        .unwrap()
}

/// The finding of one check in a run of `cache check --json`.
#[track_caller]
fn finding(run: &Run, check: &str) -> Value {
    let document = run.json();
    let all = document["findings"].as_array().unwrap();
    let found = all.iter().find(|one| one["check"] == check);
    found
        .unwrap_or_else(|| panic!("no `{check}` in:\n{run}"))
        .clone()
}

/// Runs the checks, one of which must fail.
#[track_caller]
fn fails(project: &Project, check: &str) -> Value {
    let run = project.run(&["cache", "check", "--json"]).exits_with(6);
    let found = finding(&run, check);
    assert_eq!(found["status"], "fail", "{check}:\n{run}");
    assert_eq!(run.json()["ok"], false);
    found
}
