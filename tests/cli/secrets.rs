//! No run shows a secret of its stack, or one of its environment; and the watch that is kept over every
//! run of these tests would see it.

use std::process::Command;

use crate::devinfra::Devinfra;
use crate::watch::{PLANTED, Watch};

/// A secret in every place that a stack file has for one, under an env file and beside another.
const STACK: &str = "
name: shop
x-devinfra: {hooks: {after_up: ['psql postgres://app:planted-of-a-hook@127.0.0.1/app']}}
services:
  db:
    image: postgres:15
    ports: ['127.0.0.1::5432']
    env_file: [secrets.env]
    environment: {POSTGRES_PASSWORD: planted-of-the-database, TOKEN: '${API_TOKEN}'}
    x-devinfra: {exports: {URL: 'postgres://app:planted-of-the-url@127.0.0.1/app'}}
  cache:
    image: valkey/valkey:8
    command: valkey-server --requirepass planted-of-the-cache
    ports: ['127.0.0.1::6379']
";

fn shop() -> Devinfra {
    Devinfra::new()
        .stack(STACK)
        .file(".env", "API_TOKEN=planted-of-the-env-file\n")
        .file("secrets.env", "KEY='planted-of-another-file and more'\n")
}

/// Every command, in every form in which it answers without an engine.
const RUNS: &[&[&str]] = &[
    &["up"],
    &["up", "--dry-run"],
    &["down"],
    &["reset", "--yes"],
    &["reset"],
    &["status"],
    &["ls"],
    &["doctor"],
    &["logs"],
    &["env"],
    &["run", "env"],
    &["exec", "db", "env"],
    &["psql"],
    &["valkey-cli"],
    &["cache", "check"],
    &["cache", "bootstrap"],
    &["cache", "stats"],
    &["config"],
    &["init", "--list"],
    &["init", "--output", "stack.yaml"],
    &["report", "report.md"],
    &["report", "-"],
    &["schema"],
    &["man"],
    &["completions", "bash"],
];

#[test]
fn no_run_shows_a_secret() {
    for &arguments in RUNS {
        for further in [&[][..], &["-vv"], &["--json"], &["--progress", "github"]] {
            // What it shows is watched; that it is a run over this stack is the least.
            let run = shop().args([further, arguments].concat());
            assert_ne!(run.output().status.code(), None, "{arguments:?}");
        }
    }
}

#[test]
fn no_problem_of_a_stack_file_shows_a_secret() {
    for (right, wrong) in [
        (
            "{POSTGRES_PASSWORD: planted-of-the-database,",
            "{POSTGRES_PASSWORD: {planted-of-the-database: 1},",
        ),
        ("'${API_TOKEN}'", "'${API_TOKEN'"),
        (
            "'${API_TOKEN}'",
            "'${API_TOKEN:-planted-of-a-default}', X: [1]",
        ),
        (
            "{exports:",
            "{password: planted-of-the-login, secret: planted-of-a-key, exports:",
        ),
    ] {
        let stack = STACK.replace(right, wrong);
        assert_ne!(stack, STACK);
        for arguments in [
            &["config"][..],
            &["up", "--json"],
            &["doctor"],
            &["--progress", "github", "up"],
        ] {
            let run = shop().stack(&stack).args(arguments);
            assert_ne!(
                run.output().status.code(),
                Some(0),
                "{wrong}: {arguments:?}"
            );
        }
    }
}

/// Else the tests above would pass for want of a secret.
#[test]
fn the_secrets_are_there_for_who_asks() {
    let shown = shop().args(["config", "--show-secrets"]).stdout();
    for secret in [
        "of-the-database",
        "of-the-env-file",
        "of-another-file",
        "of-the-cache",
        "of-the-url",
    ] {
        let secret = format!("{PLANTED}{secret}");
        assert!(shown.contains(&secret), "no {secret}: {shown}");
    }
}

/// Whoever looks must see it, in each form that a secret takes on its way to a text.
#[test]
fn a_secret_that_is_shown_is_seen() {
    let watch = |arguments: &[&str]| {
        let mut command = Command::new("devinfra");
        command.args(arguments);
        Watch::over(&command)
    };
    let (seen, unseen) = (true, false);
    for (arguments, stdout, stderr, expected) in [
        (&["up"][..], "", "planted-of-the-database", seen),
        (&["up"], "{\"error\":\"planted-of-the-database\"}", "", seen),
        (&["up"], "", "Basic cGxhbnRlZC1vZi10aGUtZGF0YWJhc2U", seen),
        (
            &["up"],
            "",
            "Basic aHViX2RldjpwbGFudGVkLW9mLXRoZS1kYXRhYmFzZQ",
            seen,
        ),
        (
            &["up"],
            "",
            "Basic YXBwOnBsYW50ZWQtb2YtdGhlLWRhdGFiYXNl",
            seen,
        ),
        (
            &["up"],
            "",
            "thread 'main' panicked at src/main.rs:1:1:",
            seen,
        ),
        (
            &["exec", "db", "env"],
            "",
            "error: devinfra has a defect, and has ended at `src/main.rs:1:1`",
            seen,
        ),
        (&["up"], "usable", "the database is ready", unseen),
        (&["env"], "export A='planted-of-the-url'", "", unseen),
        (
            &["env", "--format", "github"],
            "A=planted-of-the-url",
            "::add-mask::planted-of-the-url",
            unseen,
        ),
        (&["env"], "", "error: planted-of-the-url", seen),
        (&["config"], "password: planted-of-the-cache", "", seen),
        (
            &["--json", "config", "--show-secrets"],
            "planted-of-the-cache",
            "",
            unseen,
        ),
        (&["-f", "run", "up"], "planted-of-the-cache", "", seen),
        (
            &["exec", "db", "env"],
            "POSTGRES_PASSWORD=planted-of-the-database",
            "",
            unseen,
        ),
        (
            &["exec", "db", "env"],
            "",
            "error: planted-of-the-database",
            seen,
        ),
        (
            &["exec", "db", "env"],
            "{\"schema\":1,\"x\":\"planted-of-the-database\"}",
            "",
            seen,
        ),
        (&["logs", "env"], "planted-of-the-database", "", seen),
        (
            &["--no-such-option", "env"],
            "planted-of-the-database",
            "",
            seen,
        ),
    ] {
        let found = watch(arguments).wrong(stdout, stderr);
        assert_eq!(found.is_some(), expected, "{arguments:?}: {stdout}{stderr}");
    }
}
