//! Pulls that fail, in the words of registries.

use std::collections::BTreeSet;

use serde_json::json;

use crate::engine::ScriptedEngine;
use crate::run::devinfra;

#[tokio::test]
async fn a_pull_that_fails_says_why() {
    for (lines, code) in [
        (
            r#"{"errorDetail":{"message":"pull access denied for example/app, repository does not exist or may require 'docker login'"}}"#,
            "image.gone",
        ),
        (
            r#"{"errorDetail":{"message":"toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"}}"#,
            "image.rate-limited",
        ),
        (
            r#"{"errorDetail":{"message":"Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host"}}"#,
            "image.registry-unreachable",
        ),
        (
            r#"{"errorDetail":{"message":"no basic auth credentials"}}"#,
            "image.login-required",
        ),
        (
            r#"{"errorDetail":{"message":"no matching manifest for linux/arm64/v8 in the manifest list entries"}}"#,
            "image.wrong-platform",
        ),
        (
            r#"{"errorDetail":{"message":"write /var/lib/docker/tmp/x: no space left on device"}}"#,
            "image.no-space",
        ),
        // Podman: an error without details, which the client takes for an empty line.
        (r#"{"error":"unable to copy"}"#, "image.pull-failed"),
        ("", "image.pull-failed"),
    ] {
        let engine = ScriptedEngine::new("1.41");
        let end = if lines.is_empty() { "" } else { "\r\n" };
        let body = format!("{lines}{end}");
        engine.world().pull_lines = Some(body);
        let ran = devinfra(&engine, &["up", "--json"]).await;
        assert_eq!(ran.failure(), (Some(8), code.to_owned()), "{lines}");
    }
}

#[tokio::test]
async fn images_of_minio_that_have_left_docker_hub_are_told_as_such() {
    let engine = ScriptedEngine::new("1.41");
    engine.stack("name: scripted\nservices: {store: {image: 'minio/minio:latest', ports: ['1:9000'], command: server /data}}");
    let refusal = r#"{"errorDetail":{"message":"manifest for minio/minio:latest not found: manifest unknown: manifest unknown"}}"#;
    engine.world().pull_lines = Some(format!("{refusal}\r\n"));
    let ran = devinfra(&engine, &["up", "--json"]).await;
    assert_eq!(ran.failure(), (Some(8), "image.gone".to_owned()));
    assert_eq!(
        ran.error()["hints"],
        json!([
            "MinIO's images have left Docker Hub; `quay.io/minio/minio` still has them, and logging in does not help"
        ])
    );
}

#[tokio::test]
async fn all_images_that_can_not_be_had_are_told() {
    let engine = ScriptedEngine::new("1.41");
    engine.stack(
        "name: scripted\nservices: {db: {image: 'example/db:9'}, app: {image: 'example/app:9'}}",
    );
    let refusal = r#"{"errorDetail":{"message":"manifest for it not found: manifest unknown"}}"#;
    engine.world().pull_lines = Some(format!("{refusal}\r\n"));
    let ran = devinfra(&engine, &["up", "--json"]).await;
    assert_eq!(ran.failure(), (Some(8), "image.gone".to_owned()));
    let error = ran.error();
    let services: BTreeSet<&str> = [&error, &error["further"][0]]
        .into_iter()
        .filter_map(|one| one["service"].as_str())
        .collect();
    assert_eq!(services, ["app", "db"].into(), "{error:#}");
    assert_eq!(error["further"][0]["code"], "image.gone");
    for image in ["example/db:9", "example/app:9"] {
        let line = format!("error: image `{image}` can't be had: ");
        assert!(ran.stderr.contains(&line), "{}", ran.stderr);
    }
    let ran = devinfra(&engine, &["up", "--progress", "github"]).await;
    let annotations = ran.stderr.matches("::error title=devinfra%3A image.gone::");
    assert_eq!(annotations.count(), 2, "{}", ran.stderr);
}
