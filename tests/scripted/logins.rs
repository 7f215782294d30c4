//! Logins to registries go along with a pull, and nowhere else.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Value, json};

use crate::engine::ScriptedEngine;
use crate::run::{Ran, devinfra, with_programs, with_variable};

/// In base64 it has letters that only one of the two alphabets has.
const PASSWORD: &str = "secret~~~???>>>~~~";

/// What stands in the docker configuration.
fn configure(engine: &ScriptedEngine, config: &Value) {
    let directory = engine.directory().join(".docker");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("config.json"), config.to_string()).unwrap();
}

/// The login that went along with the pull, as the engine reads it.
fn login(engine: &ScriptedEngine) -> Option<Value> {
    let calls = engine.calls();
    let mut with_login = calls.iter().filter(|call| call.login.is_some());
    let call = with_login.next()?;
    assert_eq!(call.path, "/images/create");
    assert!(with_login.next().is_none(), "{calls:?}");
    let read = URL_SAFE.decode(call.login.as_ref()?).unwrap();
    Some(serde_json::from_slice(&read).unwrap())
}

fn shows_nothing(ran: &Ran, engine: &ScriptedEngine) {
    let sent: Vec<String> = engine
        .calls()
        .into_iter()
        .filter_map(|call| call.login)
        .collect();
    for secret in sent.iter().map(String::as_str).chain([PASSWORD]) {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
    }
}

#[tokio::test]
async fn a_login_of_the_docker_configuration_goes_along_with_the_pull() {
    let engine = ScriptedEngine::new("1.41");
    let auth = STANDARD.encode(format!("me:{PASSWORD}"));
    configure(
        &engine,
        &json!({"auths": {"https://index.docker.io/v1/": {"auth": auth}}}),
    );
    let ran = devinfra(&engine, &["up", "-vv", "--wait-timeout", "20s"]).await;
    ran.succeeded();
    let login = login(&engine).unwrap();
    assert_eq!(login["username"], "me");
    assert_eq!(login["password"], PASSWORD);
    assert_eq!(login["serveraddress"], "https://index.docker.io/v1/");
    shows_nothing(&ran, &engine);
}

fn auth(password: &str) -> Value {
    json!({"auth": STANDARD.encode(format!("me:{password}"))})
}

/// What stands in a file of Podman's kind, under the project directory.
fn podman_login(engine: &ScriptedEngine, path: &str, auths: &Value) {
    let path = engine.directory().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, json!({"auths": auths}).to_string()).unwrap();
}

/// The password that an engine gets with these files, the project directory being home and run-time
/// directory, and this in the environment.
async fn password_sent(engine: &ScriptedEngine, files: &[&str], variable: &str) -> Option<Value> {
    for file in files {
        podman_login(
            engine,
            file,
            &json!({"docker.io": auth(&format!("{file} {PASSWORD}"))}),
        );
    }
    let words = ["up", "-vv", "--wait-timeout", "20s"];
    let ran = with_variable(engine, variable, &words).await;
    ran.succeeded();
    shows_nothing(&ran, engine);
    let password = login(engine)?["password"].as_str()?.to_owned();
    Some(password.replace(&format!(" {PASSWORD}"), "").into())
}

#[tokio::test]
async fn podmans_logins_are_read_in_its_own_order_when_the_engine_is_podman() {
    let (primary, own, docker, named) = (
        "containers/auth.json",
        ".config/containers/auth.json",
        ".docker/config.json",
        "named.json",
    );
    for (files, variable, expected) in [
        (&[primary, own, docker, named][..], "", primary),
        (&[own, docker], "", own),
        (&[docker], "", docker),
        (
            &[own, "elsewhere/containers/auth.json"],
            "XDG_CONFIG_HOME=elsewhere",
            "elsewhere/containers/auth.json",
        ),
        (
            &[primary, own, docker, named],
            "REGISTRY_AUTH_FILE=named.json",
            named,
        ),
        (
            &[primary, "d/config.json"],
            "DOCKER_CONFIG=d",
            "d/config.json",
        ),
    ] {
        let engine = ScriptedEngine::podman();
        let sent = password_sent(&engine, files, variable).await;
        assert_eq!(sent, Some(expected.into()), "{files:?} {variable}");
    }
    // A file that is named is the only one.
    for (files, variable) in [
        (&[primary, docker][..], "REGISTRY_AUTH_FILE=named.json"),
        (&[primary, docker], "DOCKER_CONFIG=d"),
    ] {
        let engine = ScriptedEngine::podman();
        assert_eq!(
            password_sent(&engine, files, variable).await,
            None,
            "{variable}"
        );
    }
}

#[tokio::test]
async fn docker_gets_none_of_podmans_logins() {
    let engine = ScriptedEngine::new("1.41");
    let files = ["containers/auth.json", "named.json"];
    let sent = password_sent(&engine, &files, "REGISTRY_AUTH_FILE=named.json").await;
    assert_eq!(sent, None);
}

/// A program of the project directory's `bin`.
fn helper(engine: &ScriptedEngine, script: &str) {
    let directory = engine.directory().join("bin");
    fs::create_dir(&directory).unwrap();
    let path = directory.join("docker-credential-test");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn a_credential_helper_is_asked() {
    let engine = ScriptedEngine::new("1.41");
    configure(&engine, &json!({"credsStore": "test"}));
    let answer = json!({"ServerURL": "", "Username": "me", "Secret": PASSWORD});
    helper(&engine, &format!("cat >&2; echo '{answer}'"));
    let ran = with_programs(&engine, &["up", "-vv", "--wait-timeout", "20s"]).await;
    ran.succeeded();
    assert_eq!(login(&engine).unwrap()["password"], PASSWORD);
    shows_nothing(&ran, &engine);
}

#[tokio::test]
async fn a_helper_that_fails_is_told_when_the_pull_fails() {
    let engine = ScriptedEngine::new("1.41");
    configure(&engine, &json!({"credsStore": "test"}));
    helper(&engine, "echo locked; exit 1");
    let refused = r#"{"errorDetail":{"message":"no basic auth credentials"}}"#;
    engine.world().pull_lines = Some(format!("{refused}\r\n"));
    let ran = with_programs(&engine, &["up", "--json", "--wait-timeout", "20s"]).await;
    assert_eq!(ran.failure(), (Some(8), "image.login-required".to_owned()));
    let words = "no basic auth credentials; it was asked without a login: \
        `docker-credential-test` has no usable login to `https://index.docker.io/v1/`";
    assert_eq!(ran.error()["causes"][0], words);
    assert_eq!(login(&engine), None);
}
