//! A cache whose server is in a bad state.

use serde_json::json;

use super::{fails, has_cause, up_fails};
use crate::engine::ScriptedEngine;
use crate::resp::{bulk, serve};
use crate::run::devinfra;

const MISCONF: &str = "-MISCONF Valkey is configured to save RDB snapshots, but it's currently \
                       unable to persist to disk.\r\n";
const LOADING: &str = "-LOADING Valkey is loading the dataset in memory\r\n";
const NOAUTH: &str = "-NOAUTH Authentication required.\r\n";

const CACHE: &str = "
name: scripted
services:
  cache:
    image: example/db:1
    ports: ['127.0.0.1::6379']
    volumes: ['./data:/data']
    x-devinfra: {kind: valkey, keys: {namespace: kh, flushed: ['sess:'], kept: ['repo:']}}
";

/// An engine whose containers publish the port of a server that answers so.
async fn cache(decide: impl Fn(&str) -> String + Send + Sync + 'static) -> ScriptedEngine {
    let engine = ScriptedEngine::new("1.41");
    engine.world().server = Some(serve(decide).await);
    engine.stack(CACHE);
    engine
}

fn info(fields: &str) -> String {
    bulk(&format!(
        "# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.1.4\r\nrun_id:abc\r\n{fields}"
    ))
}

/// Usable, and refuses everything that the flush of its keys needs.
fn usable(words: &str) -> String {
    match words.split(' ').next().unwrap() {
        "INFO" => info("loading:0\r\n"),
        "PING" => "+PONG\r\n".to_owned(),
        _ => "-NOPERM no permissions to run this command\r\n".to_owned(),
    }
}

#[tokio::test]
async fn a_server_that_can_not_save_ends_the_wait() {
    let engine = cache(|words| match words.split(' ').next().unwrap() {
        "INFO" => info("loading:0\r\nrdb_last_bgsave_status:err\r\n"),
        _ => MISCONF.to_owned(),
    })
    .await;
    let error = up_fails(&engine, CACHE, 5, "valkey.misconf").await;
    has_cause(
        &error,
        "Valkey can't save its data, and refuses writes until it can (MISCONF)",
    );
    let data = engine.directory().join("data");
    let hint = format!(
        "make `{}` writable for the server, and see that its disk has space",
        data.display()
    );
    assert_eq!(error["hints"][0], hint);
}

#[tokio::test]
async fn a_server_that_still_reads_its_data_at_the_deadline_says_how_far_it_is() {
    let engine = cache(|words| match words.split(' ').next().unwrap() {
        "INFO" => info("loading:1\r\nloading_loaded_perc:12.50\r\nloading_eta_seconds:40\r\n"),
        _ => LOADING.to_owned(),
    })
    .await;
    let ran = devinfra(&engine, &["up", "--json", "--wait-timeout", "2s"]).await;
    let error = fails(&ran, 5, "valkey.loading");
    assert_eq!(error["message"], "`cache` was not usable within 2 s");
    has_cause(&error, "loading its data: 12.50%, about 40 s left");
    assert_eq!(
        error["hints"],
        json!([
            "give it the time that it says it needs with `--wait-timeout`; it goes on loading meanwhile"
        ])
    );
}

#[tokio::test]
async fn a_server_that_wants_another_password_ends_the_wait() {
    let engine = cache(|_| NOAUTH.to_owned()).await;
    up_fails(&engine, CACHE, 5, "valkey.password").await;
}

#[tokio::test]
async fn keys_that_can_not_be_flushed_fail_up_and_the_cache_commands() {
    let engine = cache(usable).await;
    up_fails(&engine, CACHE, 5, "cache.bootstrap").await;
    let ran = devinfra(&engine, &["cache", "bootstrap", "--json"]).await;
    fails(&ran, 5, "cache.bootstrap");
}

#[tokio::test]
async fn a_server_that_refuses_everything_can_not_be_asked_for_statistics() {
    let engine = cache(usable).await;
    devinfra(&engine, &["up", "--json"]).await;
    engine.world().server = None;
    let refusing = cache(|_| "-ERR out of order\r\n".to_owned()).await;
    devinfra(&refusing, &["up", "--json", "--wait-timeout", "1s"]).await;
    let ran = devinfra(&refusing, &["cache", "stats", "--json"]).await;
    fails(&ran, 5, "cache.refused");
}

#[tokio::test]
async fn a_wipe_that_the_server_refuses_is_told_as_incomplete() {
    let text = CACHE.replace(
        ", keys: {namespace: kh, flushed: ['sess:'], kept: ['repo:']}",
        "",
    );
    let engine = cache(usable).await;
    engine.stack(&text);
    devinfra(&engine, &["up", "--no-check"]).await.succeeded();
    let ran = devinfra(&engine, &["reset", "--yes", "--json"]).await;
    let error = fails(&ran, 9, "valkey.wipe");
    assert_eq!(error["service"], "cache");
}

#[tokio::test]
async fn a_cache_that_somebody_fills_while_it_is_wiped_is_told_as_such() {
    let text = CACHE.replace(
        ", keys: {namespace: kh, flushed: ['sess:'], kept: ['repo:']}",
        "",
    );
    let engine = cache(|words| match words.split(' ').next().unwrap() {
        "INFO" => info("loading:0\r\n# Keyspace\r\ndb0:keys=2,expires=2,avg_ttl=1\r\n"),
        "PING" => "+PONG\r\n".to_owned(),
        _ => "+OK\r\n".to_owned(),
    })
    .await;
    engine.stack(&text);
    devinfra(&engine, &["up", "--no-check"]).await.succeeded();
    let ran = devinfra(&engine, &["reset", "--yes", "--json"]).await;
    fails(&ran, 9, "reset.refilled");
}
