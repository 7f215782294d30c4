//! Standard output is the answer, and whoever reads it may go away.

use std::fs::File;
use std::io;

use insta::assert_snapshot;

use crate::devinfra::Devinfra;

/// Runs it with a standard output that nobody reads.
#[track_caller]
fn unread(run: &Devinfra) -> String {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    run.shown(&run.output_with(|command| {
        command.stdout(writer);
    }))
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let stack =
        "services: {db: {image: postgres:15, environment: {POSTGRES_PASSWORD: planted-one}}}";
    let run = || Devinfra::new().stack(stack);
    for run in [
        run().args(["config"]),
        run().args(["config", "--json"]),
        run().args(["init", "--output", "-"]),
        run().args(["init", "--list"]),
        run().args(["--help"]),
        run().args(["up", "--help"]),
        run().args(["--version"]),
    ] {
        assert_eq!(unread(&run), "exit: 0\n");
    }
}

#[test]
fn a_failure_is_the_same_when_nobody_reads_the_answer() {
    let run = Devinfra::new().stack("services: []").args(["up", "--json"]);
    assert_snapshot!(unread(&run), @"
    exit: 3
    --- stderr
    error: `services` must be a mapping
     --> devinfra.yaml:1:11
      |
    1 | services: []
      |           ^
    ");
}

#[test]
fn an_answer_that_is_lost_on_a_full_disk_is_a_failure() {
    let run = Devinfra::new()
        .stack("services: {db: {image: postgres:15}}")
        .args(["--progress", "github", "config"]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = run.output_with(|command| {
        command.stdout(full);
    });
    assert_snapshot!(run.shown(&output), @"
    exit: 1
    --- stderr
    error: failed to write to standard output
      Caused by: No space left on device (os error 28)
    ::error title=devinfra%3A answer.write::failed to write to standard output%0Acaused by: No space left on device (os error 28)
    ");
}

#[test]
fn quiet_silences_the_story_and_neither_the_answer_nor_a_failure() {
    let run = |argument: &str| {
        let stack = "name: shop\nversion: '3'\nservices: {db: {image: postgres:15}}";
        Devinfra::new().stack(stack).args(["config", argument])
    };
    assert_eq!(run("-q").stdout(), run("-v").stdout());
    assert_eq!(
        run("-q").run(),
        format!("exit: 0\n--- stdout\n{}", run("-q").stdout())
    );
    assert_snapshot!(Devinfra::new().args(["-q", "up"]).run(), @"
    exit: 4
    --- stderr
    error: no container engine answers at `unix://[DIR]/no.sock`
      Caused by: the variable `DOCKER_HOST` names this address, and no socket is there
    hint: start Docker or Podman, or use another engine: change or unset `DOCKER_HOST`, or give `--host`
    ");
}
