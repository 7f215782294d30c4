//! LakeFS, and what only looks like it.

use std::fs;

use super::server::{Asked, Server, Told, told};
use super::up_fails;
use crate::engine::ScriptedEngine;

const LAKEFS: &str = "
name: scripted
services:
  lakefs:
    image: example/db:1
    ports: ['127.0.0.1::8000']
    x-devinfra: {kind: lakefs, port: 8000, credentials_file: ./keys.env}
";

async fn lakefs(decide: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> ScriptedEngine {
    let server = Server::new(8000, decide).await;
    let engine = ScriptedEngine::new("1.41");
    engine.world().server = Some(server.ports[0].published);
    engine
}

/// A LakeFS in this state, which refuses everything else.
fn in_state(state: &'static str) -> impl Fn(&Asked) -> Told + Send + Sync {
    move |asked: &Asked| match (asked.method.as_str(), asked.target.as_str()) {
        ("GET", "/_health") => told(200, "alive"),
        ("GET", "/api/v1/setup_lakefs") => told(200, format!("{{\"state\":\"{state}\"}}")),
        ("POST", _) => told(500, "{\"message\":\"no room\"}"),
        _ => told(401, "{\"message\":\"error authenticating request\"}"),
    }
}

#[tokio::test]
async fn what_is_no_lakefs_is_told_as_such() {
    let engine = lakefs(|_| told(200, "<html>Welcome to nginx!</html>")).await;
    up_fails(&engine, LAKEFS, 5, "lakefs.not-lakefs").await;
}

#[tokio::test]
async fn a_set_up_that_fails_is_told_with_its_words() {
    let engine = lakefs(in_state("not_initialized")).await;
    let error = up_fails(&engine, LAKEFS, 5, "lakefs.setup").await;
    assert!(
        error["causes"][0].as_str().unwrap().contains("no room"),
        "{error}"
    );
}

#[tokio::test]
async fn keys_that_are_lost_broken_or_refused_are_told_apart() {
    let engine = lakefs(in_state("initialized")).await;
    up_fails(&engine, LAKEFS, 5, "lakefs.keys-lost").await;
    let file = engine.directory().join("keys.env");
    fs::write(&file, "KOHAKU_HUB_LAKEFS_ACCESS_KEY=somebody\n").unwrap();
    up_fails(&engine, LAKEFS, 5, "lakefs.credentials-file").await;
    let keys =
        "KOHAKU_HUB_LAKEFS_ACCESS_KEY=somebody\nKOHAKU_HUB_LAKEFS_SECRET_KEY=planted-4f1c9e\n";
    fs::write(&file, keys).unwrap();
    up_fails(&engine, LAKEFS, 5, "lakefs.keys-refused").await;
}
