//! `devinfra report`, after a failure.

use std::fs;

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
