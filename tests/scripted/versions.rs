//! Old and new engines.

use crate::engine::{At, ScriptedEngine};
use crate::faults::Fault;
use crate::run::devinfra;

#[tokio::test]
async fn every_request_carries_the_newest_version_that_both_sides_know() {
    for minor in 40..=55 {
        let engine = ScriptedEngine::new(&format!("1.{minor}"));
        devinfra(&engine, &["up", "--wait-timeout", "20s"])
            .await
            .succeeded();
        devinfra(&engine, &["down"]).await.succeeded();
        let spoken = format!("1.{}", minor.min(53));
        for call in engine.calls() {
            let expected = (call.path != "/_ping").then(|| spoken.clone());
            assert_eq!(call.version, expected, "{call:?}");
        }
    }
}

/// Podman 4 has a word of its own for a container between its end and the end of its clean-up.
#[tokio::test]
async fn podman_is_asked_again_where_its_word_for_a_container_is_not_known() {
    let unknown = Some((At::FirstInspection, Fault::UnknownWord));
    let podman = ScriptedEngine::podman();
    podman.script(unknown);
    devinfra(&podman, &["up", "--wait-timeout", "20s"])
        .await
        .succeeded();

    let docker = ScriptedEngine::new("1.41");
    docker.script(unknown);
    let ran = devinfra(&docker, &["up", "--json"]).await;
    assert_eq!(ran.failure(), (Some(4), "engine.broken-answer".to_owned()));
}

#[tokio::test]
async fn an_engine_that_is_too_old_is_told_so() {
    let engine = ScriptedEngine::new("1.39");
    let ran = devinfra(&engine, &["up", "--json"]).await;
    assert_eq!(ran.failure(), (Some(4), "engine.too-old".to_owned()));
    assert_eq!(engine.calls().len(), 1);
}

#[tokio::test]
async fn an_engine_that_has_dropped_our_version_is_told_so() {
    let engine = ScriptedEngine::new("1.90");
    let words = "client version 1.53 is too old. Minimum supported API version is 1.60, please \
                 upgrade your client to a newer version";
    let refusal = Fault::Refuses(400, words);
    engine.script(Some((At::Path("/containers/json"), refusal)));
    let ran = devinfra(&engine, &["up", "--json"]).await;
    assert_eq!(ran.failure(), (Some(4), "engine.too-new".to_owned()));
}
