//! The set-up of LakeFS from every state that a run may find: also those that a killed one leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use devinfra::engine::FakeEngine;
use devinfra::kinds::{BootstrapError, Credentials, Deed, Target, bootstrap};
use devinfra::model::{ContainerId, Kind, Lakefs};
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::server::{Asked, Server, Told, told};

const INITIALIZED: &str = r#"{"comm_prefs_missing":true,"state":"initialized"}"#;
const NOT_INITIALIZED: &str = r#"{"comm_prefs_missing":true,"state":"not_initialized"}"#;
const REFUSED: &str = "{\"message\":\"error authenticating request\"}\n";
const ASK_STATE: &str = "GET /api/v1/setup_lakefs";
const SET_UP: &str = "POST /api/v1/setup_lakefs";
const VERIFY: &str = "GET /api/v1/repositories?amount=1";
const OF_ANOTHER_KIND: &str =
    "{\"message\":\"failed to match required regex ^local://: invalid namespace\"}\n";
const ASK_STORE: &str = "POST /api/v1/repositories";
const NO_ACCESS: &str = "{\"message\":\"failed to create repository: failed to access storage\"}\n";

/// A LakeFS that knows these keys, or none yet.
async fn lakefs(keys: Option<&Credentials>) -> Server {
    let known = Mutex::new(keys.map(basic));
    Server::new(8000, move |asked| answer(&mut known.lock().unwrap(), asked)).await
}

fn answer(known: &mut Option<String>, asked: &Asked) -> Told {
    match (asked.method.as_str(), asked.target.as_str()) {
        ("GET", "/api/v1/setup_lakefs") if known.is_some() => told(200, INITIALIZED),
        ("GET", "/api/v1/setup_lakefs") => told(200, NOT_INITIALIZED),
        ("POST", "/api/v1/setup_lakefs") if known.is_some() => {
            told(409, "{\"message\":\"lakeFS already initialized\"}\n")
        }
        ("POST", "/api/v1/setup_lakefs") => {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            assert_eq!(body["username"], "admin");
            let text = |name: &str| body["key"][name].as_str().unwrap().to_owned();
            *known = Some(basic(&Credentials {
                access_key: text("access_key_id"),
                secret_key: text("secret_access_key").as_str().into(),
            }));
            told(200, "{}")
        }
        ("GET", "/api/v1/repositories?amount=1") => match known {
            Some(basic) if asked.has(basic) => told(200, "{\"results\":[]}"),
            _ => told(401, REFUSED),
        },
        ("POST", "/api/v1/repositories") => told(400, OF_ANOTHER_KIND),
        // As the real one: to anybody.
        ("GET", "/api/v1/user") => told(200, r#"{"user":{"creation_date":0,"id":""}}"#),
        _ => told(404, ""),
    }
}

fn basic(keys: &Credentials) -> String {
    let pair = format!("{}:{}", keys.access_key, keys.secret_key.reveal());
    let encoded = BASE64_STANDARD.encode(pair);
    format!("authorization: Basic {encoded}")
}

fn keys(id: &str) -> Credentials {
    Credentials {
        access_key: id.to_owned(),
        secret_key: "a secret".into(),
    }
}

/// A directory, and the path of a credentials file in it.
fn place() -> (TempDir, PathBuf) {
    let directory = tempdir().unwrap();
    let file = directory.path().join("dev/lakefs/credentials.env");
    (directory, file)
}

async fn boot(server: &Server, file: &Path, log: &[&str]) -> Result<Vec<Deed>, BootstrapError> {
    let kind = Kind::Lakefs(Lakefs {
        port: 8000,
        credentials_file: Some(file.to_owned()),
        admin: "admin".to_owned(),
    });
    let engine = FakeEngine::default();
    engine.set_log(log);
    let target = Target {
        ports: &server.ports,
        container: &ContainerId(String::new()),
        engine: &engine,
    };
    bootstrap(&kind, &target).await
}

#[tokio::test]
async fn a_fresh_lakefs_is_set_up_with_keys_that_are_in_the_file_and_work() {
    let (_directory, file) = place();
    let server = lakefs(None).await;
    let deeds = boot(&server, &file, &[]).await.unwrap();
    assert_eq!(
        deeds,
        [Deed::LakefsSetUp {
            admin: "admin".to_owned(),
            file: file.clone()
        }]
    );
    assert_eq!(server.lines(), [ASK_STATE, SET_UP, VERIFY, ASK_STORE]);
    let kept = Credentials::read(&file).unwrap();
    assert!(kept.is_some());
    assert_eq!(boot(&server, &file, &[]).await.unwrap(), []);
    assert_eq!(Credentials::read(&file).unwrap(), kept);
}

/// Killed after the file was written and before the keys were posted.
#[tokio::test]
async fn keys_of_a_file_that_lakefs_does_not_know_yet_are_posted_as_they_are() {
    let (_directory, file) = place();
    keys("KEPT").write(&file).unwrap();
    let server = lakefs(None).await;
    assert_eq!(boot(&server, &file, &[]).await.unwrap().len(), 1);
    assert_eq!(Credentials::read(&file).unwrap(), Some(keys("KEPT")));
}

/// Killed after the keys were posted, and before they were tried.
#[tokio::test]
async fn keys_that_lakefs_knows_are_tried_and_left_alone() {
    let (_directory, file) = place();
    keys("KEPT").write(&file).unwrap();
    let server = lakefs(Some(&keys("KEPT"))).await;
    assert_eq!(boot(&server, &file, &[]).await.unwrap(), []);
    assert_eq!(server.lines(), [ASK_STATE, VERIFY, ASK_STORE]);
}

/// Killed while the file was written.
#[tokio::test]
async fn half_a_file_under_its_first_name_is_no_file() {
    let (_directory, file) = place();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let fresh = file.with_file_name("credentials.env.new");
    fs::write(&fresh, "KOHAKU_HUB_LAKEFS_ACC").unwrap();
    let server = lakefs(None).await;
    assert_eq!(boot(&server, &file, &[]).await.unwrap().len(), 1);
    assert!(!fresh.exists());
}

#[tokio::test]
async fn a_lakefs_whose_keys_nobody_has_is_told_as_such() {
    let (_directory, file) = place();
    let server = lakefs(Some(&keys("LOST"))).await;
    let error = boot(&server, &file, &[]).await.unwrap_err();
    assert_eq!(error.code(), "lakefs.keys-lost");
    assert!(!file.exists());
}

#[tokio::test]
async fn wrong_keys_and_a_changed_encryption_key_are_told_apart_by_the_log() {
    let (_directory, file) = place();
    keys("OTHER").write(&file).unwrap();
    let server = lakefs(Some(&keys("KNOWN"))).await;
    for (log, code, ends) in [
        (
            "level=error error=\"built in authenticator: could not decrypt value\"",
            "lakefs.encryption-key",
            "another encryption key",
        ),
        (
            "level=info error=\"built in authenticator: credentials not found\"",
            "lakefs.keys-refused",
            ": credentials not found",
        ),
        (
            "level=info error=\"built in authenticator: invalid secret access key\"",
            "lakefs.keys-refused",
            ": invalid secret access key",
        ),
        (
            "nothing of the sort",
            "lakefs.keys-refused",
            ": error authenticating request",
        ),
    ] {
        let error = boot(&server, &file, &["before", log]).await.unwrap_err();
        assert_eq!(error.code(), code, "{log}");
        assert!(error.to_string().ends_with(ends), "{error}");
    }
}

/// What LakeFS answers to the wish for a repository, and what it logs of it. `NAMESPACE` stands for
/// the namespace that was wished for.
async fn asked_for_its_store(
    status: u16,
    answer: &'static str,
    log: &str,
) -> (Result<Vec<Deed>, BootstrapError>, Vec<String>) {
    let (_directory, file) = place();
    keys("KEPT").write(&file).unwrap();
    let engine = Arc::new(FakeEngine::default());
    let (writes, log) = (Arc::clone(&engine), log.to_owned());
    let known = Mutex::new(Some(basic(&keys("KEPT"))));
    let server = Server::new(8000, move |asked| {
        let target = asked.target.as_str();
        match asked.method.as_str() {
            "POST" => {
                assert!(asked.has(&basic(&keys("KEPT"))));
                let body: Value = serde_json::from_str(&asked.body).unwrap();
                let namespace = body["storage_namespace"].as_str().unwrap();
                assert!(namespace.starts_with("s3://devinfra-probe/"), "{body}");
                writes.set_log(&["before", &log.replace("NAMESPACE", namespace), "after"]);
                told(status, answer)
            }
            "DELETE" if target.starts_with("/api/v1/repositories/devinfra-probe-") => told(204, ""),
            _ => self::answer(&mut known.lock().unwrap(), asked),
        }
    })
    .await;
    let kind = Kind::Lakefs(Lakefs {
        port: 8000,
        credentials_file: Some(file),
        admin: "admin".to_owned(),
    });
    let target = Target {
        ports: &server.ports,
        container: &ContainerId(String::new()),
        engine: &*engine,
    };
    let done = bootstrap(&kind, &target).await;
    (done, server.lines())
}

#[tokio::test]
async fn a_store_that_lakefs_does_not_reach_is_told_with_what_its_log_says() {
    for (log, said) in [
        (
            r#"level=warning msg="Could not access storage namespace" error="operation error S3: GetObject, request send failed, Get \"http://minio:9001/devinfra-probe\": dial tcp 172.18.0.2:9001: connect: connection refused" reason=unknown storage_namespace="NAMESPACE""#,
            r#"Get "http://minio:9001/devinfra-probe": dial tcp 172.18.0.2:9001: connect: connection refused"#,
        ),
        (
            r#"{"error":"https response error StatusCode: 403, api error SignatureDoesNotMatch: check your key","level":"warning","storage_namespace":"NAMESPACE"}"#,
            "SignatureDoesNotMatch: check your key",
        ),
    ] {
        let (done, _) = asked_for_its_store(400, NO_ACCESS, log).await;
        let error = done.unwrap_err();
        assert_eq!(error.code(), "lakefs.store");
        let message = format!("LakeFS can't use its block store: {said}");
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn a_store_that_answers_is_reached_whatever_it_answers_of_a_bucket_that_is_not_there() {
    let missing = r#"level=warning error="api error NoSuchBucket: no such bucket" storage_namespace="NAMESPACE""#;
    let denied = r#"level=warning error="api error AccessDenied: Access Denied." storage_namespace="NAMESPACE""#;
    for log in [missing, denied] {
        let (done, asked) = asked_for_its_store(400, NO_ACCESS, log).await;
        assert_eq!(done.unwrap(), [], "{log}");
        assert_eq!(asked, [ASK_STATE, VERIFY, ASK_STORE]);
    }
    let (done, _) = asked_for_its_store(400, OF_ANOTHER_KIND, "").await;
    assert_eq!(done.unwrap(), []);
}

#[tokio::test]
async fn a_store_that_the_log_says_nothing_of_is_told_as_unseen() {
    let of_another = r#"error="no such host" storage_namespace="s3://hub-storage/repo""#;
    let (done, _) = asked_for_its_store(400, NO_ACCESS, of_another).await;
    assert_eq!(done.unwrap(), [Deed::LakefsStoreUnseen]);
}

#[tokio::test]
async fn a_repository_that_was_made_after_all_is_removed() {
    let (done, asked) = asked_for_its_store(201, "{}", "").await;
    assert_eq!(done.unwrap(), []);
    assert!(asked.last().unwrap().starts_with("DELETE "), "{asked:?}");
}
