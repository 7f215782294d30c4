//! What is wrong with what was typed, with the stack file, or with a file that is to be written.

use std::fs;

use super::fails;
use crate::engine::ScriptedEngine;
use crate::run::{devinfra, with_few_files};

#[tokio::test]
async fn what_is_typed_wrong_has_its_code() {
    for (arguments, code) in [
        (&["up", "bd"][..], "service.unknown"),
        (&["psql"], "service.unknown"),
        (&["up", "--without", "db"], "service.needed"),
        (&["up", "db", "--without", "db"], "service.left-out"),
        (&["cache", "check"], "cache.which"),
        (&["init", "no-such-template"], "template.unknown"),
        (&["logs", "--since", "yesterday"], "usage.since"),
        (&["reset"], "reset.needs-yes"),
    ] {
        let engine = ScriptedEngine::new("1.41");
        let ran = devinfra(&engine, &[&["--json"], arguments].concat()).await;
        fails(&ran, 2, code);
    }
}

#[tokio::test]
async fn a_cache_without_keys_is_not_flushed() {
    let engine = ScriptedEngine::new("1.41");
    engine.stack("name: scripted\nservices: {cache: {image: 'valkey:8', ports: ['1:6379']}}");
    let ran = devinfra(&engine, &["--json", "cache", "bootstrap"]).await;
    fails(&ran, 2, "cache.keys");
}

#[tokio::test]
async fn a_stack_file_that_is_none_has_its_code() {
    for (arguments, text, code) in [
        (&[][..], "services: []", "stack-file.invalid"),
        (&["--file", "nowhere.yaml"], "", "stack-file.unreadable"),
        (&["--file", "template:none"], "", "stack-file.no-template"),
    ] {
        let engine = ScriptedEngine::new("1.41");
        engine.stack(text);
        let ran = devinfra(&engine, &[arguments, &["up", "--json"]].concat()).await;
        fails(&ran, 3, code);
    }
}

#[tokio::test]
async fn a_stack_without_a_name_is_asked_for_one() {
    let engine = ScriptedEngine::new("1.41");
    let nameless = engine.directory().join("...");
    fs::create_dir(&nameless).unwrap();
    let text = "services: {db: {image: 'example/db:1'}}";
    fs::write(nameless.join("devinfra.yaml"), text).unwrap();
    let ran = devinfra(&engine, &["--file", ".../devinfra.yaml", "up", "--json"]).await;
    fails(&ran, 3, "stack-file.no-name");
}

#[tokio::test]
async fn variables_that_the_container_as_it_runs_does_not_give_are_told() {
    let unpublished = "
name: scripted
services:
  db:
    image: example/db:1
    x-devinfra: {kind: process}
";
    let engine = ScriptedEngine::new("1.41");
    engine.stack(unpublished);
    devinfra(&engine, &["up", "--wait-timeout", "20s"])
        .await
        .succeeded();
    let published = "ports: ['127.0.0.1::80']\n    x-devinfra: {exports: {PORT: '{port}'}, ";
    engine.stack(&unpublished.replace("x-devinfra: {", published));
    let ran = devinfra(&engine, &["env", "--json"]).await;
    fails(&ran, 3, "exports.invalid");
}

#[tokio::test]
async fn a_command_that_can_not_be_run_has_the_status_that_shells_give_it() {
    let engine = ScriptedEngine::new("1.41");
    devinfra(&engine, &["up", "--wait-timeout", "20s"])
        .await
        .succeeded();
    for (program, status) in [("no-such-program", 127), ("./devinfra.yaml", 126)] {
        let ran = devinfra(&engine, &["--json", "run", program]).await;
        let error = fails(&ran, status, "run.command");
        assert_eq!(error["message"], format!("failed to run `{program}`"));
    }
}

#[tokio::test]
async fn files_that_can_not_be_written_are_told() {
    let engine = ScriptedEngine::new("1.41");
    let init = &["--json", "init", "--output"];
    let ran = devinfra(&engine, &[&init[..], &["nowhere/devinfra.yaml"]].concat()).await;
    fails(&ran, 1, "file.write");
    let ran = devinfra(&engine, &[&init[..], &["devinfra.yaml"]].concat()).await;
    fails(&ran, 7, "file.exists");
    let ran = devinfra(&engine, &["--json", "man", "--output", "devinfra.yaml"]).await;
    fails(&ran, 1, "file.write");
}

#[tokio::test]
async fn a_system_that_has_no_files_left_is_told() {
    let engine = ScriptedEngine::new("1.41");
    let ran = with_few_files(&engine, &["status", "--json"]).await;
    fails(&ran, 1, "system.runtime");
}
