//! Services that end, and services that will never be usable as they are.

use serde_json::json;

use super::{fails, has_cause, up_fails};
use crate::engine::ScriptedEngine;
use crate::run::devinfra;

/// A service whose last words are `log`, and which ends with 1.
fn dying(log: &[&'static str]) -> ScriptedEngine {
    let engine = ScriptedEngine::new("1.41");
    engine.world().log = log.to_vec();
    engine.world().exit = Some(1);
    engine
}

const SERVICE: &str = "
name: scripted
services:
  db:
    image: example/db:1
    ports: ['127.0.0.1::80']
    volumes: ['./data:/var/lib/postgresql/data']
    x-devinfra: {kind: tcp}
";

#[tokio::test]
async fn last_words_that_are_known_have_their_code() {
    for (code, cause, log) in [
        (
            "postgres.data-layout",
            "images of PostgreSQL 18 and later keep their data in a directory below \
             `/var/lib/postgresql`, and refuse a mount at `/var/lib/postgresql/data`",
            // As the entrypoint of the image writes it, whole.
            &[
                "Error: in 18+, these Docker images are configured to store database data in a",
                "       format which is compatible with \"pg_ctlcluster\" (specifically, using",
                "       major-version-specific directory names).  This better reflects how",
                "       PostgreSQL itself works, and how upgrades are to be performed.",
                "",
                "       See also https://github.com/docker-library/postgres/pull/1259",
                "",
                "       Counter to that, there appears to be PostgreSQL data in:",
                "         /var/lib/postgresql/data (unused mount/volume)",
            ][..],
        ),
        (
            "postgres.data-owner",
            "its data directory has an owner or permissions that PostgreSQL refuses",
            &[
                "2026-11-24 08:00:00.000 UTC [1] FATAL:  data directory \"/var/lib/postgresql/data\" has wrong ownership",
                "2026-11-24 08:00:00.000 UTC [1] HINT:  The server must be started by the user that owns the data directory.",
            ],
        ),
        (
            "postgres.data-in-use",
            "another PostgreSQL server uses its data directory",
            &[
                "2026-11-24 08:00:00.000 UTC [1] FATAL:  lock file \"postmaster.pid\" already exists",
                "2026-11-24 08:00:00.000 UTC [1] HINT:  Is another postmaster (PID 7) running in data directory \"/var/lib/postgresql/data\"?",
            ],
        ),
        (
            "lakefs.data-in-use",
            "another LakeFS uses its metadata directory",
            &[
                "level=fatal msg=\"Failed to open KV store\" error=\"Cannot acquire directory lock on \\\"/var/lakefs/data/metadata.db\\\".  Another process is using this Badger database. err: resource temporarily unavailable\"",
            ],
        ),
        (
            "lakefs.settings",
            "its configuration lacks database.type auth.encrypt.secret_key",
            &[
                "level=fatal msg=\"Load config\" error=\"bad configuration: missing required keys: [database.type auth.encrypt.secret_key]\"",
            ],
        ),
        (
            "service.wrong-platform",
            "its program is for another kind of processor",
            &["exec /usr/local/bin/docker-entrypoint.sh: exec format error"],
        ),
    ] {
        let engine = dying(log);
        let error = up_fails(&engine, SERVICE, 5, code).await;
        has_cause(&error, cause);
        assert_eq!(
            error["message"],
            "`db` exited with status 1 before it was usable"
        );
        assert_eq!(error["log"], json!(log));
        assert!(!error["hints"].as_array().unwrap().is_empty(), "{error}");
    }
}

#[tokio::test]
async fn a_health_check_that_is_not_there_is_missed() {
    let engine = ScriptedEngine::new("1.41");
    let text = SERVICE.replace("kind: tcp", "kind: healthcheck");
    let error = up_fails(&engine, &text, 5, "probe.no-healthcheck").await;
    has_cause(&error, "it has no health check to go by");
}

#[tokio::test]
async fn a_port_that_is_not_published_is_missed() {
    let engine = ScriptedEngine::new("1.41");
    let text = SERVICE
        .replace("    ports: ['127.0.0.1::80']\n", "")
        .replace("kind: tcp", "kind: http, path: /, port: 80");
    let error = up_fails(&engine, &text, 5, "probe.not-published").await;
    assert_eq!(
        error["hints"],
        json!(["publish it: add `80` to `ports` of `db`"])
    );
}

#[tokio::test]
async fn commands_need_a_service_that_runs_and_that_is_meant() {
    let engine = ScriptedEngine::new("1.41");
    let ran = devinfra(&engine, &["--json", "exec", "db", "true"]).await;
    let error = fails(&ran, 5, "service.not-running");
    assert_eq!(error["service"], "db");
    // The options that say which stack is meant are said again.
    let given = &[
        "--file",
        "devinfra.yaml",
        "--name",
        "other",
        "exec",
        "db",
        "true",
    ];
    let ran = devinfra(&engine, given).await;
    let hint = format!(
        "hint: bring it up with `devinfra --file devinfra.yaml --name other --host {} up db`\n",
        engine.url()
    );
    assert!(ran.stderr.ends_with(&hint), "{}", ran.stderr);
    engine.stack(
        "
name: scripted
services:
  one: {image: 'postgres:15', ports: ['1:5432'], environment: {POSTGRES_PASSWORD: planted-4f1c9e}}
  two: {image: 'postgres:15', ports: ['2:5432'], environment: {POSTGRES_PASSWORD: planted-4f1c9e}}
",
    );
    let ran = devinfra(&engine, &["--json", "psql"]).await;
    let error = fails(&ran, 2, "service.ambiguous");
    let way_out = format!(
        "say it with `devinfra --host {} psql --service NAME`",
        engine.url()
    );
    assert_eq!(error["hints"], json!([way_out]));
}
