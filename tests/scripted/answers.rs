//! Faults whose outcome is known.

use std::fs;

use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};

use crate::engine::{At, ScriptedEngine};
use crate::faults::Fault;
use crate::run::{devinfra, devinfra_anywhere};

async fn up_with(at: At, fault: Fault) -> (Option<i32>, String) {
    let engine = ScriptedEngine::new("1.41");
    engine.script(Some((at, fault)));
    let ran = devinfra(&engine, &["up", "--json", "--wait-timeout", "20s"]).await;
    if ran.status == Some(0) {
        return (Some(0), String::new());
    }
    ran.failure()
}

#[tokio::test]
async fn what_goes_wrong_has_its_status_and_its_code() {
    for (path, fault, status, code) in [
        ("/_ping", Fault::NeverAnswers, 4, "engine.silent"),
        ("/_ping", Fault::ClosesAtOnce, 4, "engine.broken-answer"),
        ("/_ping", Fault::EmptyFiveHundred, 4, "engine.broken-answer"),
        (
            "/containers/json",
            Fault::NeverAnswers,
            4,
            "engine.no-answer",
        ),
        (
            "/containers/json",
            Fault::HalfABody,
            4,
            "engine.broken-answer",
        ),
        (
            "/containers/json",
            Fault::EmptyFiveHundred,
            1,
            "engine.refused",
        ),
        (
            "/containers/json",
            Fault::NotJson,
            4,
            "engine.broken-answer",
        ),
        ("/start", Fault::NeverAnswers, 4, "engine.no-answer"),
        // The stream of events is a hint: without it, containers are looked at.
        ("/events", Fault::NeverAnswers, 0, ""),
        ("/events", Fault::ClosesAtOnce, 0, ""),
        ("/events", Fault::NotJson, 0, ""),
    ] {
        let got = up_with(At::Path(path), fault).await;
        assert_eq!(got, (Some(status), code.to_owned()), "{fault:?} at {path}");
    }
}

#[tokio::test]
async fn a_strangers_container_in_an_unknown_state_spoils_nothing() {
    let engine = ScriptedEngine::new("1.55");
    engine.world().stranger = Some(json!({
        "Id": "f".repeat(64), "Names": ["/stranger"], "Image": "x", "State": "contemplating",
    }));
    // Podman and engines to come have states that the client does not know; filters leave them out.
    let ran = devinfra(&engine, &["up", "--wait-timeout", "20s"]).await;
    ran.succeeded();
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_told_with_who_chose_it() {
    let engine = ScriptedEngine::new("1.41");
    let ran = devinfra(
        &engine,
        &["--host", "unix:///nowhere/engine.sock", "status"],
    )
    .await;
    assert_eq!(ran.status, Some(2), "`--host` given twice is wrong usage");
    let mut other = ScriptedEngine::new("1.41");
    other.forget();
    let ran = devinfra(&other, &["up"]).await;
    assert_eq!(ran.status, Some(4));
    assert!(
        ran.stderr
            .contains("`--host` names this address, and no socket is there"),
        "{}",
        ran.stderr
    );
}

/// An engine that never answers is nothing to them.
#[tokio::test]
async fn what_needs_no_engine_asks_none() {
    let engine = ScriptedEngine::new("1.41");
    engine.script(Some((At::Path(""), Fault::NeverAnswers)));
    for arguments in [
        &["config"][..],
        &["init", "--list"],
        &["init", "--output", "-"],
        &["schema"],
        &["man"],
        &["completions", "bash"],
        &["--help"],
    ] {
        devinfra(&engine, arguments).await.succeeded();
        assert!(engine.calls().is_empty(), "{arguments:?}");
    }
}

#[tokio::test]
async fn an_engine_of_another_machine_is_refused_in_words() {
    let engine = ScriptedEngine::new("1.41");
    // Reserved for documentation: nobody is there, and nobody is asked.
    let meta = engine.directory().join(".docker/contexts/meta/far");
    fs::create_dir_all(&meta).unwrap();
    let context = r#"{"Name":"far","Endpoints":{"docker":{"Host":"tcp://192.0.2.1:2375"}}}"#;
    fs::write(meta.join("meta.json"), context).unwrap();
    for command in [
        &["up"][..],
        &["reset", "--hard", "--yes"],
        &["reset", "--yes"],
    ] {
        let arguments = [command, &["--json", "--context", "far"]].concat();
        let ran = devinfra_anywhere(&engine, &arguments).await;
        assert_eq!(ran.failure(), (Some(4), "engine.remote".to_owned()));
    }
    assert!(engine.calls().is_empty());
}

/// What looks like another machine is this one: `0.0.0.0` is reached through loopback.
#[tokio::test]
async fn what_an_engine_of_another_machine_publishes_is_said_to_be_there() {
    let engine = ScriptedEngine::new("1.41");
    devinfra(&engine, &["up", "--wait-timeout", "20s"])
        .await
        .succeeded();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let far = format!("tcp://0.0.0.0:{}", listener.local_addr().unwrap().port());
    let socket = engine.directory().join("engine.sock");
    let passing = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let socket = socket.clone();
            tokio::spawn(async move {
                let mut engine = UnixStream::connect(socket).await.unwrap();
                copy_bidirectional(&mut client, &mut engine).await.ok();
            });
        }
    });
    for command in ["status", "env"] {
        let ran = devinfra_anywhere(&engine, &["--host", &far, command]).await;
        ran.succeeded();
        let words = format!(
            "warning: the engine at `{far}` is on another machine, and so are the ports of the services\n"
        );
        assert_eq!(ran.stderr, words);
    }
    passing.abort();
}

#[tokio::test]
async fn the_application_is_not_told_of_what_has_just_ended() {
    let engine = ScriptedEngine::new("1.41");
    engine.stack(
        "
name: scripted
services:
  db:
    image: example/db:1
    x-devinfra: {kind: process, exports: {DATABASE: there}}
",
    );
    devinfra(&engine, &["up", "--wait-timeout", "20s"])
        .await
        .succeeded();
    let told = devinfra(&engine, &["env"]).await;
    assert_eq!(told.stdout, "export DATABASE='there'\n");
    engine.world().end_unseen();
    let told = devinfra(&engine, &["env", "--json"]).await;
    assert_eq!(told.failure(), (Some(5), "stack.not-up".to_owned()));
}

#[tokio::test]
async fn what_is_asked_of_the_engine_has_no_colour_where_none_is_wanted() {
    let engine = ScriptedEngine::new("1.41");
    let told = async |colour| {
        let ran = devinfra(&engine, &["-vv", "--color", colour, "ls"]).await;
        ran.succeeded();
        ran.stderr
    };
    assert!(told("always").await.contains('\u{1b}'));
    let plain = told("never").await;
    assert!(plain.contains("list containers"), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
}
