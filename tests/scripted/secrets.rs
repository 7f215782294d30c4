//! What is planted in a stack's environment appears in no output: every run of these tests is held
//! to that, and these are runs that have nothing else to show.

use crate::engine::{At, ScriptedEngine};
use crate::faults::Fault;
use crate::run::devinfra;
use crate::watch::PLANTED;

const RUNS: &[&[&str]] = &[
    &["config"],
    &["config", "--json"],
    &["up", "--dry-run"],
    &["up", "-vv", "--wait-timeout", "20s"],
    &["up", "--json", "--wait-timeout", "20s"],
    &["up", "--recreate", "-vv", "--json", "--wait-timeout", "20s"],
    &["status", "-vv"],
    &["status", "--json"],
    &["ls", "--json"],
    &["logs", "-vv"],
    &["doctor"],
    &["doctor", "-vv", "--json"],
    &["down", "-vv"],
    &["down", "--json"],
];

#[tokio::test]
async fn no_run_shows_a_secret() {
    let engine = ScriptedEngine::new("1.41");
    for arguments in RUNS {
        let ran = devinfra(&engine, arguments).await;
        assert!(
            !ran.stdout.is_empty() || !ran.stderr.is_empty(),
            "{arguments:?}"
        );
    }
}

#[tokio::test]
async fn no_failure_shows_a_secret() {
    for path in ["/containers/create", "/start", "/json", "/create"] {
        for fault in [Fault::EmptyFiveHundred, Fault::HalfABody, Fault::NotJson] {
            for arguments in [&["up", "-vv"][..], &["up", "--json"]] {
                let engine = ScriptedEngine::new("1.41");
                engine.script(Some((At::Path(path), fault)));
                devinfra(&engine, arguments).await;
            }
        }
    }
}

#[tokio::test]
async fn a_secret_that_is_asked_for_is_shown() {
    // Else the tests above would pass for want of a secret.
    let engine = ScriptedEngine::new("1.41");
    let ran = devinfra(&engine, &["config", "--show-secrets"]).await;
    assert!(ran.stdout.contains(PLANTED));
}

/// What the stack file tells the application itself, and a job's log must not have.
#[tokio::test]
async fn a_job_on_github_hides_what_the_stack_file_exports_too() {
    let engine = ScriptedEngine::new("1.41");
    engine.stack(
        "
name: scripted
services:
  db:
    image: example/db:1
    x-devinfra:
      kind: process
      exports: {API_TOKEN: planted-token, API_URL: 'http://me:planted-login@host', MODE: fast}
",
    );
    devinfra(&engine, &["up"]).await.succeeded();
    let ran = devinfra(&engine, &["env", "--format", "github"]).await;
    let masks = "::add-mask::planted-login\n::add-mask::planted-token\n";
    assert_eq!(ran.stderr, masks);
}

/// Hooks write what they like, a probe's answer is anybody's, and so is a log.
#[tokio::test]
async fn what_others_write_is_told_without_the_secrets() {
    let engine = ScriptedEngine::new("1.41");
    engine.world().log = vec!["the token is planted-4f1c9e"];
    engine.stack(
        "
name: scripted
x-devinfra: {hooks: {after_up: ['echo planted-4f1c9e', 'sh -c \"echo planted-4f1c9e; exit 1\"']}}
services:
  db:
    image: example/db:1
    environment: {DB_PASSWORD: planted-4f1c9e}
    x-devinfra: {kind: process}
",
    );
    for arguments in [
        &["up"][..],
        &["up", "--json"],
        &["up", "--progress", "github"],
    ] {
        let ran = devinfra(&engine, arguments).await;
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert!(told.contains("echo <redacted>"), "{told}");
    }
    let ran = devinfra(&engine, &["logs"]).await;
    assert_eq!(ran.stdout, "db | the token is <redacted>\n");
    engine.world().exit = Some(1);
    let ran = devinfra(&engine, &["up", "--recreate"]).await;
    assert!(
        ran.stderr.contains("  | the token is <redacted>"),
        "{}",
        ran.stderr
    );
}
