//! `devinfra report`, after a failure.

use std::fs;
use std::os::unix::fs::symlink;

use crate::stacks::CACHE;
use crate::support::Project;

/// A service that tells its secrets, and ends.
const TELLS: &str = "\
services:
  worker:
    image: ${TOOLS_IMAGE}
    environment: {APP_TOKEN: planted-token, PLAIN: shown}
    command: ['sh', '-c', 'echo $$APP_TOKEN and $$PLAIN; exit 3']
    ports: ['127.0.0.1:${WORKER_PORT}:8080']
    x-devinfra: {kind: http}
";

#[test]
fn a_report_says_what_happened_and_keeps_the_secrets() {
    let project = Project::with(TELLS);
    project.run(&["up"]).exits_with(5);
    project.run(&["report", "report.md"]).succeeds();
    let report = fs::read_to_string(project.path().join("report.md")).unwrap();
    assert!(!report.contains("planted-token"), "{report}");
    for told in [
        "<redacted> and shown",
        "exited with 3",
        "-worker-1 start\n",
        "-worker-1 die (exit status 3)\n",
        "## Findings",
        "## Stack file as it was understood",
        "Docker",
    ] {
        assert!(report.contains(told), "no `{told}` in\n{report}");
    }
}

#[test]
fn a_report_is_written_without_an_engine_too() {
    let project = Project::with(TELLS);
    let run = project.run(&["--host", "unix:///nobody.sock", "report", "-"]);
    let report = run.succeeds().stdout;
    assert!(report.contains("no container engine answers"), "{report}");
    assert!(
        report.contains("## Stack file as it was understood"),
        "{report}"
    );
}

/// Base64 of `worker:planted-token`, as HTTP's basic authentication has it, and the token as a URL has it.
const FORMS: &str = "echo $$APP_TOKEN; echo cGxhbnRlZC10b2tlbi9ANDI=; echo at://worker:planted-token%2F%4042@host; exit 3";

#[test]
fn log_lines_keep_secrets_in_failures_and_in_logs() {
    let project = Project::with(
        &TELLS
            .replace("planted-token", "planted-token/@42")
            .replace("echo $$APP_TOKEN and $$PLAIN; exit 3", FORMS),
    );
    let told = ["<redacted>", "<redacted>=", "at://worker:<redacted>@host"];
    let run = project.run(&["up", "--json"]).exits_with(5);
    assert_eq!(run.result()["error"]["log"], serde_json::json!(told));
    let run = project.run(&["up"]).exits_with(5);
    let quoted = told.map(|line| format!("  | {line}\n")).concat();
    assert!(run.stderr.contains(&quoted), "{run}");
    let run = project.run(&["logs", "--tail", "3"]).succeeds();
    let lines = told.map(|line| format!("worker | {line}\n")).concat();
    assert_eq!(run.stdout, lines);
    let run = project.run(&["logs", "--tail", "3", "--json"]).succeeds();
    let texts: Vec<_> = run
        .events()
        .iter()
        .map(|line| line["text"].clone())
        .collect();
    assert_eq!(texts, told);
}

#[test]
fn a_report_is_written_over_an_earlier_one_and_nothing_else() {
    let project = Project::with(CACHE);
    project.write("notes.md", "mine");
    let refused = project.run(&["report", "notes.md"]).exits_with(7);
    assert!(
        refused.stderr.contains("name another file, or `-`"),
        "{refused}"
    );
    symlink("notes.md", project.path().join("link.md")).unwrap();
    project.run(&["report", "link.md"]).exits_with(7);
    let notes = fs::read_to_string(project.path().join("notes.md")).unwrap();
    assert_eq!(notes, "mine");
    for _twice in 0..2 {
        project.run(&["report", "new.md"]).succeeds();
    }
}
