//! What an engine refuses, and engines that can't be had.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::fails;
use crate::engine::{At, ScriptedEngine};
use crate::faults::Fault;
use crate::run::{devinfra, devinfra_anywhere, devinfra_of_nobody};

const UP: &[&str] = &["up", "--json", "--wait-timeout", "5s"];

#[tokio::test]
async fn what_an_engine_refuses_has_its_code() {
    for (path, status, words, exit, code) in [
        (
            "/containers/create",
            500,
            "failed to create rwlayer: no space left on device",
            1,
            "engine.no-space",
        ),
        (
            "/containers/create",
            409,
            "Conflict. The container name \"/scripted-db-1\" is already in use by container \
             \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\". You have to \
             remove (or rename) that container to be able to reuse that name.",
            7,
            "container.name-taken",
        ),
        (
            "/networks/create",
            404,
            "could not find an available, non-overlapping IPv4 address pool among the defaults \
             to assign to the network",
            7,
            "network.addresses-exhausted",
        ),
        (
            "/networks/create",
            403,
            "all predefined address pools have been fully subnetted",
            7,
            "network.addresses-exhausted",
        ),
        (
            "/start",
            404,
            "No such container: 0000",
            1,
            "engine.not-found",
        ),
        (
            "/start",
            500,
            "driver failed programming external connectivity: Bind for 127.0.0.1:39123 failed: \
             port is already allocated",
            7,
            "port.taken",
        ),
        (
            "/start",
            500,
            "OCI runtime create failed: exec: \"/no/such\": no such file or directory",
            5,
            "service.bad-command",
        ),
        (
            "/start",
            500,
            "something that nobody has seen before",
            1,
            "engine.refused",
        ),
    ] {
        let engine = ScriptedEngine::new("1.41");
        engine.script(Some((At::Path(path), Fault::Refuses(status, words))));
        let ran = devinfra(&engine, UP).await;
        let error = fails(&ran, exit, code);
        if code == "service.bad-command" {
            assert_eq!(error["message"], "the command of `db` can't be run");
        }
        let causes = error["causes"].as_array().unwrap();
        let said = |cause: &serde_json::Value| cause.as_str().unwrap().contains(words);
        assert!(causes.iter().any(said), "the engine's words: {error:#}");
    }
}

#[tokio::test]
async fn an_engine_without_addresses_is_told_with_the_networks_that_may_go() {
    let engine = ScriptedEngine::new("1.41");
    engine.world().networks = ["bridge", "of-a-branch-that-is-gone"]
        .map(|name| json!({"Id": name, "Name": name, "Labels": {}}))
        .into();
    let words = "all predefined address pools have been fully subnetted";
    let refuses = Fault::Refuses(403, words);
    engine.script(Some((At::Path("/networks/create"), refuses)));
    let ran = devinfra(&engine, UP).await;
    let error = fails(&ran, 7, "network.addresses-exhausted");
    let hint = error["hints"][0].as_str().unwrap();
    let names = hint.ends_with("no running container uses `of-a-branch-that-is-gone`");
    assert!(names, "{hint}");
}

#[tokio::test]
async fn an_address_or_a_context_that_is_none_is_refused() {
    for chosen in [
        ["--host", "carrier-pigeon://loft"],
        ["--context", "nowhere"],
    ] {
        let engine = ScriptedEngine::new("1.41");
        let ran = devinfra_anywhere(&engine, &[&chosen[..], UP].concat()).await;
        let error = fails(&ran, 4, "engine.address");
        assert_eq!(error["hints"].as_array().unwrap().len(), 1, "{error:#}");
    }
}

#[tokio::test]
async fn a_socket_that_may_not_be_opened_is_told_as_such() {
    let engine = ScriptedEngine::new("1.41");
    let socket = engine.directory().join("engine.sock");
    fs::set_permissions(engine.directory(), Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(socket, Permissions::from_mode(0o600)).unwrap();
    let ran = devinfra_of_nobody(&engine, UP).await;
    let error = fails(&ran, 4, "engine.permission-denied");
    assert_eq!(
        error["hints"][0],
        "add yourself to the group that owns the socket: `sudo usermod -aG docker $USER`, then log in again"
    );
}
