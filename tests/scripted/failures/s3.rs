//! An S3 store that refuses.

use std::time::Duration;

use super::server::{Asked, Server, Told, told};
use super::{fails, has_cause, up_fails};
use crate::engine::ScriptedEngine;
use crate::run::devinfra;

const STORE: &str = "
name: scripted
services:
  store:
    image: example/db:1
    ports: ['127.0.0.1::9000']
    x-devinfra: {kind: s3, port: 9000, access_key: somebody, secret_key: planted-4f1c9e, bucket: hub}
";

fn refused(status: u16, code: &str) -> Told {
    told(status, format!("<Error><Code>{code}</Code></Error>"))
}

async fn store(decide: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> ScriptedEngine {
    let server = Server::new(9000, decide).await;
    let engine = ScriptedEngine::new("1.41");
    engine.world().server = Some(server.ports[0].published);
    engine
}

#[tokio::test]
async fn refused_keys_and_a_wrong_clock_are_told_apart() {
    let engine = store(|_| refused(403, "SignatureDoesNotMatch")).await;
    up_fails(&engine, STORE, 5, "s3.credentials").await;
    let engine = store(|_| refused(403, "RequestTimeTooSkewed")).await;
    let error = up_fails(&engine, STORE, 5, "s3.clock-skew").await;
    has_cause(
        &error,
        "the S3 store's clock is too far from this machine's (RequestTimeTooSkewed)",
    );
}

#[tokio::test]
async fn a_bucket_that_the_store_does_not_make_is_told_with_its_words() {
    let engine = store(|asked| match asked.method.as_str() {
        "PUT" => refused(507, "XMinioStorageFull"),
        _ => refused(404, "NoSuchBucket"),
    })
    .await;
    let error = up_fails(&engine, STORE, 5, "s3.bucket").await;
    has_cause(
        &error,
        "failed to make bucket `hub`: it answers 507 XMinioStorageFull",
    );
}

#[tokio::test]
async fn a_store_that_does_not_come_to_making_the_bucket_is_too_slow() {
    let engine = store(|asked| match asked.method.as_str() {
        // Longer than the run waits, and shorter than the test.
        "PUT" => Told {
            delay: Duration::from_secs(20),
            ..told(200, "")
        },
        _ => refused(404, "NoSuchBucket"),
    })
    .await;
    engine.stack(STORE);
    let ran = devinfra(&engine, &["up", "--json", "--wait-timeout", "2s"]).await;
    fails(&ran, 5, "bootstrap.too-slow");
}

#[tokio::test]
async fn a_store_that_deletes_nothing_leaves_the_reset_incomplete() {
    let engine = store(|asked| match asked.method.as_str() {
        "GET" if asked.target.contains("versions") || asked.target.contains("uploads") => {
            told(501, "")
        }
        "GET" => told(200, "<R><Contents><Key>a</Key></Contents></R>"),
        "HEAD" => told(200, ""),
        _ => refused(403, "AccessDenied"),
    })
    .await;
    engine.stack(STORE);
    devinfra(&engine, &["up"]).await.succeeded();
    let ran = devinfra(&engine, &["reset", "--yes", "--json"]).await;
    fails(&ran, 9, "s3.wipe");
}
