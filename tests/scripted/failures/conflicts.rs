//! What is there already, and what should be and is not.

use std::fs;

use serde_json::json;

use super::{fails, up_fails};
use crate::engine::{At, ScriptedEngine};
use crate::faults::Fault;
use crate::run::{devinfra, start};

const ONE: &str = "
name: scripted
services:
  db: {image: 'example/db:1', x-devinfra: {kind: process}}
";

#[tokio::test]
async fn a_container_of_somebody_elses_is_named() {
    let engine = ScriptedEngine::new("1.41");
    engine.world().stranger = Some(json!({
        "Id": "f".repeat(64), "Names": ["/scripted-db-1"], "Image": "x", "State": "running",
    }));
    let error = up_fails(&engine, ONE, 7, "container.foreign").await;
    assert_eq!(error["service"], "db");
    assert_eq!(
        error["message"],
        "container `scripted-db-1` exists, and devinfra did not make it"
    );
}

#[tokio::test]
async fn what_others_should_have_made_is_missed_before_anything_is_made() {
    for (more, code) in [
        (
            "networks: {default: {external: true, name: shared}}",
            "network.missing",
        ),
        (
            "volumes: {data: {external: true, name: shared}}",
            "volume.missing",
        ),
    ] {
        let engine = ScriptedEngine::new("1.41");
        let text = ONE.replace("x-devinfra", "volumes: ['data:/data'], x-devinfra");
        let own = "volumes: {data: {}}";
        let rest = if more.starts_with("volumes") { "" } else { own };
        let error = up_fails(&engine, &format!("{text}{more}\n{rest}"), 7, code).await;
        assert!(
            error["hints"][0]
                .as_str()
                .unwrap()
                .ends_with(" create shared`")
        );
        assert!(engine.world().is_empty());
    }
}

#[tokio::test]
async fn a_network_name_that_several_have_is_not_guessed() {
    let engine = ScriptedEngine::new("1.41");
    for id in ["1", "2"] {
        engine.world().networks.push(json!({
            "Id": id.repeat(64), "Name": "scripted_default", "Labels": {},
            "Created": "2026-11-24T08:00:00Z", "Scope": "local", "Driver": "bridge",
        }));
    }
    let error = up_fails(&engine, ONE, 7, "network.ambiguous").await;
    assert_eq!(
        error["message"],
        "network name `scripted_default` is ambiguous: 2 networks have it"
    );
}

#[tokio::test]
async fn a_stack_that_another_run_holds_is_busy_and_says_who() {
    let engine = ScriptedEngine::new("1.41");
    engine.stack(ONE);
    engine.script(Some((At::Path("/start"), Fault::NeverAnswers)));
    let holder = start(&engine, &["--engine-timeout", "50s", "up"]);
    engine.called("/start").await;
    let ran = devinfra(&engine, &["up", "--json", "--wait-timeout", "300ms"]).await;
    let error = fails(&ran, 7, "stack.busy");
    let who = format!("`devinfra up` (process {})", holder.id());
    assert!(error["message"].as_str().unwrap().contains(&who), "{error}");
    drop(holder);
}

#[tokio::test]
async fn a_lock_that_can_not_be_made_is_a_failure_of_its_own() {
    let engine = ScriptedEngine::new("1.41");
    // The lock's directory is to be made here.
    fs::write(engine.directory().join("devinfra"), "a file").unwrap();
    let ran = devinfra(&engine, &["up", "--json"]).await;
    fails(&ran, 1, "stack.lock");
}

#[tokio::test]
async fn variables_of_a_stack_that_is_not_up_are_refused() {
    let engine = ScriptedEngine::new("1.41");
    let ran = devinfra(&engine, &["env", "--json"]).await;
    let error = fails(&ran, 5, "stack.not-up");
    let way_out = format!("bring it up with `devinfra --host {} up`", engine.url());
    assert_eq!(error["hints"], json!([way_out]));
}
